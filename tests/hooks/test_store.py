"""The MLflow store of a session: created once, and found wherever the session was started."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from kedro.config import OmegaConfigLoader
from support.fork_server import ForkedProcess, fork_server
from support.patience import wait_until
from support.project import ROOT
from support.sqlite import rows

from atelier.hooks.sqlite_store import create_store, sqlite_file, sqlite_uri, store_lock
from atelier.hooks.store import with_absolute_paths
from atelier.settings import CONFIG_LOADER_ARGS

CREATE = """
import sys, time
from pathlib import Path
from atelier.hooks.sqlite_store import create_store, sqlite_uri, store_lock
from atelier.hooks.store import create_experiment
file, ready, go = map(Path, sys.argv[1:])
ready.touch()
while not go.exists():
    time.sleep(0.01)
with store_lock(file):
    create_store(file, str(file.parent / "mlruns"))
create_experiment(sqlite_uri(file), name="lab", create_experiment_kwargs={})
"""


def wait_while_alive(happened, *processes):
    """Wait while every process lives; they may take long on a busy machine."""

    def checked():
        assert all(process.poll() is None for process in processes)
        return happened()

    wait_until(checked, every=0.01)


def start_creating(folder: Path, number: int) -> ForkedProcess:
    source = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    files = (folder / "mlflow.db", folder / f"ready{number}", folder / "go")
    return fork_server().start("-c", CREATE, *map(str, files), cwd=folder, env=source)


# Creation.


@pytest.mark.timeout(1200)
def test_six_processes_at_once_create_one_whole_store(tmp_path):
    started = [start_creating(tmp_path, number) for number in range(6)]
    wait_while_alive(lambda: len(list(tmp_path.glob("ready*"))) == 6, *started)
    (tmp_path / "go").touch()
    assert [process.wait(1200) for process in started] == [0] * 6
    file = tmp_path / "mlflow.db"
    assert rows(file, "pragma integrity_check") == [("ok",)]
    assert rows(file, "select name from experiments") == [("Default",), ("lab",)]
    assert sorted(path.name for path in tmp_path.glob("mlflow*")) == ["mlflow.db", "mlflow.db.lock"]


@pytest.mark.timeout(1200)
def test_who_is_killed_while_creating_leaves_no_store_and_the_next_creates_it(tmp_path):
    (tmp_path / "go").touch()
    process = start_creating(tmp_path, 0)
    part, file = tmp_path / "mlflow.db.part", tmp_path / "mlflow.db"
    wait_while_alive(lambda: part.exists() and part.stat().st_size, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not file.exists()
    assert part.exists()
    with store_lock(file):  # free again
        create_store(file, str(tmp_path / "mlruns"))
    assert not part.exists()
    artifacts = f"{tmp_path}/mlruns/0"
    assert rows(file, "select name, artifact_location from experiments") == [("Default", artifacts)]


@pytest.mark.parametrize("made", ["nothing", "half of the migrations"])
def test_a_half_made_store_without_any_run_is_set_aside(tmp_path, made):
    """What a process leaves that MLflow itself began to create a store for, and that was killed."""
    file = tmp_path / "mlflow.db"
    half_made(file, made)
    create_store(file, str(tmp_path / "mlruns"))
    client = mlflow.MlflowClient(sqlite_uri(file))
    assert client.create_experiment("lab") == "1"
    assert (tmp_path / "mlflow.db.half-made").exists() == (made != "nothing")


def half_made(file: Path, made: str) -> None:
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config, create_sqlalchemy_engine
    from mlflow.store.tracking.dbmodels.initial_models import Base

    if made == "nothing":
        file.touch()
        return
    engine = create_sqlalchemy_engine(sqlite_uri(file))
    Base.metadata.create_all(engine)
    config = _get_alembic_config(sqlite_uri(file))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "+3")
    engine.dispose()


def test_a_store_with_runs_of_another_version_stays_and_the_command_is_named(tmp_path):
    store = tmp_path / "mlflow.db"
    create_store(store, str(tmp_path / "mlruns"))
    mlflow.MlflowClient(sqlite_uri(store)).create_run("0")
    rows(store, "update alembic_version set version_num = 'an old one'")
    before = store.read_bytes()
    with pytest.raises(ValueError, match="Received: revision an old one.*mlflow db upgrade"):
        create_store(store, "anywhere")
    assert store.read_bytes() == before


def test_a_file_that_is_no_database_stays(tmp_path):
    file = tmp_path / "mlflow.db"
    file.write_text("a letter" * 100)
    with pytest.raises(ValueError, match="Expected MLflow's SQLite database"):
        create_store(file, "anywhere")
    assert file.read_text() == "a letter" * 100


@pytest.mark.parametrize("name", ["plain", "with space", "50%20", "what?", "ü#1"])
def test_the_address_of_a_file_is_that_file_whatever_its_folder_is_called(tmp_path, name):
    import sqlalchemy

    file = tmp_path / name / "mlflow.db"
    file.parent.mkdir()
    assert sqlite_file(sqlite_uri(file)) == file
    with sqlalchemy.create_engine(sqlite_uri(file)).begin() as connection:
        connection.exec_driver_sql("create table t (x)")
    assert rows(file, "select name from sqlite_master") == [("t",)]


# Where the store is.


def configured(environment: str, project: Path) -> dict:
    loader = OmegaConfigLoader(str(ROOT / "conf"), env=environment, **CONFIG_LOADER_ARGS)
    return with_absolute_paths(loader["mlflow"], project)


def location(config: dict) -> str | None:
    return config["tracking"]["experiment"]["create_experiment_kwargs"].get("artifact_location")


ENVIRONMENTS = ("base", "full", "post", "test", "cluster")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_mlflows_own_variables_are_heard_in_every_environment(environment, monkeypatch, tmp_path):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.setenv(name, "")  # as good as not set
    ordinary = configured(environment, tmp_path)
    if environment == "cluster":
        assert ordinary["server"]["mlflow_tracking_uri"] == "http://127.0.0.1:5000"
        assert location(ordinary) is None
    else:
        assert ordinary["server"]["mlflow_tracking_uri"] == f"sqlite:///{tmp_path}/mlflow.db"
        assert location(ordinary) == f"{tmp_path}/mlruns"
    assert ordinary["server"]["mlflow_registry_uri"] is None

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://lab.example:8000")
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "sqlite:///models/registry.db")
    told = configured(environment, tmp_path)
    assert told["server"]["mlflow_tracking_uri"] == "https://lab.example:8000"
    assert told["server"]["mlflow_registry_uri"] == f"sqlite:///{tmp_path}/models/registry.db"
    assert location(told) is None

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////srv/lab/all.db")
    assert location(configured(environment, tmp_path)) == "/srv/lab/mlruns"


ELSEWHERE = """
import json, logging, os, sys
from pathlib import Path
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
told = []
for project, env in zip(sys.argv[1::2], sys.argv[2::2]):
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        context = session.load_context()
    logging.getLogger("atelier").warning("one session \\u2026 of \\xe9t\\xe9")
    import mlflow
    champions = context.catalog.get("digits.champions")
    exported = os.environ.get("MLFLOW_TRACKING_URI")
    told.append([mlflow.get_tracking_uri(), str(champions._lock), exported])
print(json.dumps(told))
"""


@pytest.mark.timeout(1200)
def test_sessions_of_two_projects_from_another_folder_write_into_their_projects(fresh, tmp_path):
    """On a terminal that knows ASCII only, too."""
    second = tmp_path / "second"
    shutil.copytree(fresh.folder, second)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    ascii_only = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    variables = fresh.environment | ascii_only | {"PYTHONIOENCODING": "ascii"}
    variables.pop("MLFLOW_TRACKING_URI", None)
    asked = [str(fresh.folder), "test", str(second), "base", str(fresh.folder), "full"]
    ended = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *asked],
        cwd=elsewhere, env=variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = json.loads(ended.stdout.splitlines()[-1])
    for (uri, lock, exported), project, environment in zip(
        told, (fresh.folder, second, fresh.folder), ("test", "base", "full"), strict=True
    ):
        assert uri == f"sqlite:///{project}/mlflow.db"
        assert Path(lock).is_relative_to(project / "data" / "06_models" / environment)
        assert exported is None
    assert list(elsewhere.iterdir()) == []
    asked = "select name from experiments order by name"
    names = [rows(one / "mlflow.db", asked) for one in (fresh.folder, second)]
    assert names == [[("Default",), ("atelier",), ("atelier-test",)], [("Default",), ("atelier",)]]
    printed = ended.stdout + ended.stderr
    assert "one session ... of ete" in printed
    assert "Logging error" not in printed
