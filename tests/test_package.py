"""The wheel and the configuration as `kedro package` makes them, in an environment of their own."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import mlflow
import pytest
from support.project import ROOT


def called(*command: str | Path, **options) -> str:
    ended = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Programs of an environment that has the locked packages, and this one from its wheel."""
    folder = tmp_path_factory.mktemp("installed")
    called(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    called(sys.executable, "-m", "venv", "--without-pip", folder / "env")
    (packages,) = (folder / "env").glob("lib/python*/site-packages")
    locked = sysconfig.get_paths()["purelib"]  # whose .pth files, as of this checkout, do not count
    (packages / "locked.pth").write_text(f"{locked}\n", encoding="utf-8")
    (wheel,) = folder.glob("*.whl")
    uv = Path(sys.executable).parent / "uv"
    python = folder / "env" / "bin" / "python"
    called(uv, "pip", "install", "--offline", "--no-deps", "--python", python, wheel)
    return folder / "env" / "bin"


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    """The configuration as `kedro package` archives it."""
    path = tmp_path_factory.mktemp("archive") / "conf-atelier.tar.gz"
    called("tar", "--exclude=local/*.yml", "-czf", path, f"--directory={ROOT}", "conf")
    return path


@pytest.mark.timeout(1200)
def test_the_wheel_runs_in_any_folder_with_a_folder_or_an_archive_of_configuration(
    installed, archive, tmp_path
):
    ours = ("PYTHONPATH", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "KEDRO_ENV")
    plain = {name: value for name, value in os.environ.items() if name not in ours}
    options = {"cwd": tmp_path, "env": plain | {"COLUMNS": "200"}}
    where = called(installed / "python", "-c", "import atelier; print(atelier.__file__)", **options)
    assert Path(where.strip()).is_relative_to(installed.parent)

    ingest = ("--env", "test", "--pipeline", "ingest")
    called(installed / "atelier", "--conf-source", ROOT / "conf", *ingest, **options)
    module = (installed / "python", "-m", "atelier")
    others = ("--env", "test", "--pipelines", "thresholding,report")
    called(*module, "--conf-source", archive, *others, **options)

    assert {path.name for path in tmp_path.iterdir()} == {
        "data", "logs", "mlflow.db", "mlflow.db.lock", "mlruns", ".viz",
    }  # fmt: skip
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs(["1"], order_by=["start_time"])
    names = [run.info.run_name for run in runs if "namespace" not in run.data.tags]
    assert names == ["ingest", "report+thresholding"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    (otsu,) = [run for run in runs if run.info.run_name == "thresholding · cells"]
    assert list((tmp_path / "mlruns" / otsu.info.run_id).rglob("*.png"))
    page = (tmp_path / "data/08_reporting/test/report.html").read_text("utf-8")
    assert "Otsu" in page
