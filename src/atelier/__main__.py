"""``python -m atelier``, or ``atelier``: ``kedro run`` of the installed package."""

import sys
from pathlib import Path
from typing import Any

from kedro.framework.cli.utils import find_run_command
from kedro.framework.project import configure_project


def main(*arguments: Any, **options: Any) -> Any:
    """Runs pipelines as ``kedro run`` does; ``--conf-source`` names the configuration.

    Data and MLflow's store lie in the working directory, or in the Kedro project around it.
    """
    package = Path(__file__).parent.name
    configure_project(package)
    options["standalone_mode"] = not hasattr(sys, "ps1")
    return find_run_command(package)(*arguments, **options)


if __name__ == "__main__":
    main()
