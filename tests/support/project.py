"""A copy of the project, for tests that run it."""

import compileall
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from support.fork_server import ForkedProcess, fork_server
from support.patience import PATIENCE

ROOT = Path(__file__).parents[2]


@functools.cache
def compile_sources() -> None:
    """Compiles the package once, since the first command of each copy would do it anew."""
    compileall.compile_dir(ROOT / "src", quiet=2)


class Project:
    """A copy of the project in a folder of its own, with its own data and MLflow store.

    A folder that holds a copy already is used as it is. Commands begin as forks of a process that
    has imported the libraries (`support.fork_server`), unless ``forks`` is False.
    """

    forks = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / "src").exists():
            self._copy()
        self.store = f"sqlite:///{folder / 'mlflow.db'}"

    def _copy(self) -> None:
        compile_sources()
        for name in ("conf", "src", "notebooks"):
            ignore = shutil.ignore_patterns("*.pyc.*", "local")
            shutil.copytree(ROOT / name, self.folder / name, ignore=ignore)
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(ROOT / name, self.folder / name)
        (self.folder / "conf" / "local").mkdir()

    @property
    def environment(self) -> dict[str, str]:
        """Of its processes: not the store that MLflow exported in a test of this process."""
        exported = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
        own = {name: text for name, text in os.environ.items() if name not in exported}
        scripts = os.path.dirname(sys.executable) + os.pathsep + own["PATH"]
        source = str(self.folder / "src")
        return own | {"PATH": scripts, "PYTHONPATH": source, "COLUMNS": "500", "NO_COLOR": "1"}

    def start(self, *arguments: str) -> subprocess.Popen | ForkedProcess:
        """`kedro …` in this project, not waited for."""
        return self.start_python("-m", "kedro", *arguments)

    def start_python(self, *arguments: str, **variables: str) -> subprocess.Popen | ForkedProcess:
        """`python -m …` or `python -c …` in this project, with these variables besides its own."""
        options = {"cwd": self.folder, "env": self.environment | variables}
        if self.forks:
            return fork_server().start(*arguments, **options, output=subprocess.PIPE)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen([sys.executable, *arguments], **options, **pipes)

    def kedro(self, *arguments: str, ok: bool = True) -> str:
        """What `kedro …` printed; it must succeed, or fail where ``ok`` is False."""
        return self.python("-m", "kedro", *arguments, ok=ok)

    def python(self, *arguments: str, ok: bool = True, **variables: str) -> str:
        """What `python …` printed; it must succeed, or fail where ``ok`` is False."""
        process = self.start_python(*arguments, **variables)
        output, _ = process.communicate(timeout=PATIENCE)
        assert (process.returncode == 0) == ok, output
        return output

    def run(self, *arguments: str, ok: bool = True) -> str:
        return self.kedro("run", "--env", "test", *arguments, ok=ok)

    def client(self):
        import mlflow

        return mlflow.MlflowClient(self.store)

    def runs(self, name: str | None = None):
        """The MLflow runs, newest first; those of one name where it is given."""
        client = self.client()
        experiment = client.get_experiment_by_name("atelier-test")
        named = f"attributes.run_name = '{name}'" if name else ""
        return client.search_runs([experiment.experiment_id], named, order_by=["start_time DESC"])

    def commands(self, name: str | None = None):
        """The runs of commands, newest first, without the runs of experiments below them."""
        return [run for run in self.runs(name) if "namespace" not in run.data.tags]

    def experiments(self, pipeline: str, namespace: str | None = None):
        """The runs of a pipeline's experiment in a namespace, or in all, newest first."""
        return [
            run
            for run in self.runs()
            if run.data.tags.get("pipeline") == pipeline
            and run.data.tags.get("namespace") == (namespace or run.data.tags.get("namespace"))
        ]

    def path(self, *parts: str) -> Path:
        return self.folder.joinpath("data", *parts)
