"""What tests share: real data where there is some, one finished run, small made images."""

import functools
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from support.patience import PATIENCE

ROOT = Path(__file__).parents[1]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in `make test &`: what the tests start would ignore Ctrl-C too.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


class Project:
    """A copy of the project in a folder of its own, with its own data and MLflow store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("conf", "src", "notebooks"):
            ignore = shutil.ignore_patterns("__pycache__", "local")
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(ROOT / name, folder / name)
        (folder / "conf" / "local").mkdir()
        self.store = f"sqlite:///{folder / 'mlflow.db'}"

    @property
    def environment(self) -> dict[str, str]:
        """Of its processes: not the store that MLflow exported in a test of this process."""
        exported = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
        own = {name: text for name, text in os.environ.items() if name not in exported}
        source = str(self.folder / "src")
        return own | {"PYTHONPATH": source, "COLUMNS": "500", "NO_COLOR": "1"}

    def start(self, *arguments: str) -> subprocess.Popen:
        """`kedro …` in this project, not waited for."""
        command = [sys.executable, "-m", "kedro", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kedro(self, *arguments: str, ok: bool = True) -> str:
        """What `kedro …` printed; it must succeed, or fail where ``ok`` is False."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=PATIENCE)
        assert (process.returncode == 0) == ok, output
        return output

    def run(self, *arguments: str, ok: bool = True) -> str:
        return self.kedro("run", "--env", "test", *arguments, ok=ok)

    def client(self):
        import mlflow

        return mlflow.MlflowClient(self.store)

    def runs(self, pipeline: str | None = None):
        """The MLflow runs, newest first; of one pipeline where it is named."""
        client = self.client()
        experiment = client.get_experiment_by_name("atelier-test")
        named = f"attributes.run_name = '{pipeline}'" if pipeline else ""
        return client.search_runs([experiment.experiment_id], named, order_by=["start_time DESC"])

    def path(self, *parts: str) -> Path:
        return self.folder.joinpath("data", *parts)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """A project in which everything ran once; tests only look at it."""
    project = Project(tmp_path_factory.mktemp("finished"))
    project.output = project.run()
    project.report = project.path("08_reporting", "test", "report.html").read_text("utf-8")
    project.run("--pipeline", "drift")
    project.run("--pipeline", "promote")
    return project


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


def dots(count: int, classes: int, *, seed: int = 0, side: int = 12) -> dict[str, np.ndarray]:
    """Images whose class is the place of a bright block: learnt in seconds."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    images = rng.integers(0, 90, (count, side, side, 1), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 3)
        image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 120
    order = rng.permutation(count)
    return {"images": images[order], "labels": labels[order].astype(np.int64)}


@pytest.fixture(scope="session")
def made():
    """The function that makes easily learnt images."""
    return dots


@pytest.fixture(scope="session")
def reproducible() -> None:
    """TensorFlow with two threads: what the tests of training ask for, set before its first op."""
    from atelier.reproducible import make_reproducible

    make_reproducible(0, 2)


@pytest.fixture
def server(tmp_path):
    """A folder, and the address at which it is served."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{served.server_port}/"
        served.shutdown()


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers of their own for each test, the same every time."""
    return np.random.default_rng(0)


class NoCheckpoint:
    """Keeps nothing, and counts how often it is cleared."""

    cleared = 0

    def restore(self, fingerprint):
        return None

    def save(self, fingerprint, state):
        pass

    def clear(self):
        self.cleared += 1


@pytest.fixture
def run(tmp_path):
    """An active MLflow run in a store of its own."""
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("one", str(tmp_path / "art")))
    with mlflow.start_run() as active:
        yield active
    mlflow.set_tracking_uri(None)
