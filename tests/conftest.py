"""What tests share: real data where there is some, one finished run, small made images."""

import json
import os
import random
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import wrapt
from hypothesis import HealthCheck, settings
from support.chromium import CHROMIUM, skip_without_chromium
from support.project import Project
from support.schedule import position
from support.servers import served_folder
from support.shared import make_once
from support.sqlite import write_without_waiting
from support.training import dots

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in `make test &`: what the tests start would ignore Ctrl-C too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# JAX optimizes little: tests compile many programs and run each of them for a moment.
# `make test-older-cpu` runs the numerical tests with flags of its own, fully optimized.
if "XLA_FLAGS" not in os.environ:
    os.environ |= {
        "XLA_FLAGS": "--xla_cpu_use_fusion_emitters=false",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    }

settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@wrapt.when_imported("sqlalchemy")
def set_fast_commits(_sqlalchemy) -> None:
    write_without_waiting()


def pytest_collection_modifyitems(config, items) -> None:
    """Puts long files first where processes share them, unless the order is to be random."""
    if hasattr(config, "workerinput") and not config.pluginmanager.hasplugin("randomly"):
        items.sort(key=position)


@wrapt.when_imported("tensorflow")
def set_two_threads(tensorflow) -> None:
    """TensorFlow takes its threads before its first operation, whichever test has that."""
    tensorflow.config.threading.set_intra_op_parallelism_threads(2)
    tensorflow.config.threading.set_inter_op_parallelism_threads(2)
    tensorflow.config.experimental.enable_op_determinism()


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id) -> Project:
    """A project in which everything ran once, in a real process; tests only look at it."""
    return opened(make_once(tmp_path_factory, worker_id, "finished", make_finished))


NOTES = "notes.json"
"""What the first run printed, its report, and which runs were compared."""


def make_finished(folder: Path) -> None:
    project = Project(folder)
    project.forks = False
    notes = {"output": project.run()}
    notes["report"] = project.path("08_reporting", "test", "report.html").read_text("utf-8")
    project.forks = True
    project.run("--pipeline", "annotation")
    project.run("--pipeline", "drift")
    project.run("--pipeline", "promote")
    notes["compared"] = [run_id(project, "calibration", name) for name in COMPARED]
    project.run("--pipeline", "compare", "--params", f"runs={'+'.join(notes['compared'])}")
    (folder / NOTES).write_text(json.dumps(notes))


def opened(folder: Path) -> Project:
    """A project in which everything ran, with its notes as attributes."""
    project = Project(folder)
    vars(project).update(json.loads((folder / NOTES).read_text()))
    return project


@pytest.fixture(scope="module")
def copied(finished, tmp_path_factory) -> Project:
    """A copy of the finished project, which the tests of a file may change.

    Its store is rewritten for its folder, as the first command in it does.
    """
    from atelier.hooks.relocation import rewrite_moved_store

    folder = tmp_path_factory.mktemp("copied") / "project"
    shutil.copytree(finished.folder, folder)
    rewrite_moved_store(folder / "mlflow.db", "atelier-test", str(folder / "mlruns"))
    return opened(folder)


COMPARED = ("characters", "overtrained")
"""Namespaces of the calibration that are evaluated on the same test images."""


def run_id(project: Project, pipeline: str, namespace: str) -> str:
    """The id of the newest run of an experiment."""
    tags = {"pipeline": pipeline, "namespace": namespace}
    return next(run.info.run_id for run in project.runs() if tags.items() <= run.data.tags.items())


@pytest.fixture
def fresh(tmp_path) -> Project:
    """A project in which nothing ran yet."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)


@pytest.fixture
def ingested(fresh, finished) -> Project:
    """A project in which only ingest ran; tests may change it."""
    for layer in ("03_primary",):
        shutil.copytree(finished.path(layer), fresh.path(layer))
    return fresh


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder with real MNIST and EMNIST files."""
    folder = os.environ.get("ATELIER_MIRROR")
    if not folder:
        pytest.skip("needs real data: set ATELIER_MIRROR to a folder with mnist/ and emnist/")
    return Path(folder)


@pytest.fixture(scope="session")
def made():
    """The function that makes easily learnt images."""
    return dots


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test begins with the same global random numbers, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    if "tensorflow" in sys.modules:
        import keras

        keras.utils.set_random_seed(0)


@pytest.fixture(scope="module")
def browser():
    skip_without_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def server(tmp_path):
    """A folder, and the address at which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    with served_folder(folder) as address:
        yield folder, f"{address}/"


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers of their own for each test, the same every time."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory, worker_id) -> Path:
    """The file of an MLflow store without runs: making one takes seconds, copying it none."""
    return make_once(tmp_path_factory, worker_id, "store", make_store) / "mlflow.db"


def make_store(folder: Path) -> None:
    import mlflow

    mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}").search_experiments()


@pytest.fixture
def run(tmp_path, empty_store):
    """An active MLflow run in a store of its own."""
    import mlflow
    from support.stores import tracking_at

    shutil.copy(empty_store, tmp_path)
    with tracking_at(f"sqlite:///{tmp_path / 'mlflow.db'}"):
        mlflow.set_experiment(experiment_id=mlflow.create_experiment("one", str(tmp_path / "art")))
        with mlflow.start_run() as active:
            yield active
