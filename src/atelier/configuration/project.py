"""Finds the Kedro project that a command is for."""

from pathlib import Path

from kedro.utils import find_kedro_project, is_kedro_project


def project_folder() -> Path:
    """Returns the folder of the Kedro project around the working directory, or of this package.

    Raises:
        FileNotFoundError: If there is neither, such as after an installation from a wheel.
    """
    source = Path(__file__).resolve().parents[2]
    project = find_kedro_project(Path.cwd()) or (source if is_kedro_project(source) else None)
    if project is None:
        raise FileNotFoundError(
            f"Expected a Kedro project in {Path.cwd()} or above. Received: none. Change to the "
            "project's folder; the store of a run without one opens by: mlflow ui "
            "--backend-store-uri sqlite:///mlflow.db"
        )
    return project
