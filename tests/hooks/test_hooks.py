"""Hooks, each by itself: what runs, what is tagged, what waits, what is refused."""

import logging
import shutil
import signal
import sqlite3
import subprocess
import sys
from unittest.mock import Mock

import mlflow
import pytest
from kedro.runner import ParallelRunner, SequentialRunner, ThreadRunner
from support.stores import tracking_at

from atelier.hooks.active_runs import REASON
from atelier.hooks.interruption import PROCESS_ENDED, KilledRunHooks
from atelier.hooks.locking import wait_for_locked_stores
from atelier.hooks.runners import check_runner
from atelier.hooks.session_run import SessionRun
from atelier.hooks.tracking import flatten_parameters, run_tags
from atelier.hooks.version_control import git_tags, without_credentials
from atelier.storage.processes import PROCESS, process_name, this_process
from atelier.training.params import AugmentationParams

pytestmark = pytest.mark.timeout(1200)


def test_typed_parameters_become_leaves_with_dotted_names():
    change = AugmentationParams(degrees=10, scale=0, shear=0, pixels=2)
    assert flatten_parameters({"augmentation": change, "epochs": 3}, "digits") == {
        "digits.augmentation.degrees": 10,
        "digits.augmentation.scale": 0,
        "digits.augmentation.shear": 0,
        "digits.augmentation.pixels": 2,
        "digits.epochs": 3,
    }


# Runners.


class Mine(SequentialRunner):
    pass


class MineInThreads(ThreadRunner):
    pass


@pytest.mark.parametrize("runner", [None, SequentialRunner(), Mine(), Mine(is_async=False)])
def test_runners_that_run_one_node_after_the_other_are_taken(runner):
    check_runner(runner)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        (ThreadRunner, {}, "ThreadRunner"),
        (MineInThreads, {"max_workers": 1}, "MineInThreads"),
        (ParallelRunner, {}, "ParallelRunner"),
        (SequentialRunner, {"is_async": True}, "--async"),
        (Mine, {"is_async": True}, "--async"),
    ],
)
def test_runners_with_threads_are_refused_in_words(kind, options, words, monkeypatch):
    # or the process that it begins with would be a fork of this one and its threads
    monkeypatch.setattr("kedro.runner.parallel_runner.ParallelRunnerManager", Mock)
    with pytest.raises(ValueError, match=f"(?s)Expected.*Received: {words}.*out"):
        check_runner(kind(**options))


# The run of a session.


@pytest.fixture(scope="module")
def database(tmp_path_factory, empty_store):
    """A store with an experiment."""
    folder = tmp_path_factory.mktemp("store")
    shutil.copy(empty_store, folder)
    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    client.create_experiment("lab", str(folder / "artifacts"))
    return folder / "mlflow.db"


@pytest.fixture
def store(database, tmp_path):
    """A copy of the store, which MLflow writes to."""
    shutil.copy(database, tmp_path)
    with tracking_at(f"sqlite:///{tmp_path / 'mlflow.db'}") as client:
        yield client


def begin(session, **tags):
    session.begin(run_id=None, experiment_name="lab", name="train", tags=tags)
    return mlflow.active_run().info.run_id


def status(store, run_id):
    return store.get_run(run_id).info.status


def test_sessions_one_after_the_other_have_runs_of_their_own(store):
    session = SessionRun()
    first = begin(session, command="kedro run")
    mlflow.log_param("epochs", 1)
    session.end("FINISHED")
    assert mlflow.active_run() is None
    second = begin(session)
    mlflow.log_param("epochs", 2)  # MLflow refuses to change a parameter of the same run
    session.end("FAILED")
    assert (status(store, first), status(store, second)) == ("FINISHED", "FAILED")
    assert store.get_run(first).data.tags["command"] == "kedro run"
    session.end("KILLED")  # there is no run to end any more
    assert status(store, second) == "FAILED"


def test_a_run_that_the_user_opened_is_the_parent_and_is_never_ended(store):
    session = SessionRun()
    experiment = store.create_experiment("mine")
    with mlflow.start_run(experiment_id=experiment) as mine:
        ours = [begin(session)]
        session.end("FAILED")
        assert mlflow.active_run().info.run_id == mine.info.run_id
        session.end_interrupted()
        ours.append(begin(session))
        session.end("FINISHED")
        mlflow.log_metric("mine", 1)
        assert status(store, mine.info.run_id) == "RUNNING"
    assert store.get_run(mine.info.run_id).data.metrics == {"mine": 1}
    assert [status(store, run) for run in ours] == ["FAILED", "FINISHED"]
    parents = {store.get_run(run).data.tags["mlflow.parentRunId"] for run in ours}
    assert parents == {mine.info.run_id}


def test_the_run_of_an_interrupted_session_is_killed_and_no_other(store):
    session = SessionRun()
    interrupted = begin(session)
    session.end_interrupted()
    assert status(store, interrupted) == "KILLED"
    begin(session)
    mlflow.end_run("FAILED")  # by the user, who then opens another
    with mlflow.start_run() as mine:
        session.end_interrupted()
        assert mlflow.active_run().info.run_id == mine.info.run_id


def test_a_run_is_recognised_as_killed_from_its_first_moment(store):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    session = SessionRun()
    killed = begin(session, **{PROCESS: process_name(child.pid)})
    mlflow.tracking.fluent._active_run_stack.get().clear()
    living = begin(SessionRun(), **{PROCESS: this_process()})
    KilledRunHooks().before_pipeline_run()
    assert status(store, killed) == "RUNNING"
    child.communicate(b"\n")
    KilledRunHooks().before_pipeline_run()
    assert (status(store, killed), status(store, living)) == ("KILLED", "RUNNING")
    assert store.get_run(killed).data.tags[REASON] == PROCESS_ENDED


@pytest.fixture
def sigterm():
    """Sets the reaction to SIGTERM, which belongs to the process that runs the tests."""
    before = signal.getsignal(signal.SIGTERM)
    yield lambda handler: signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGTERM, before)


def test_sigterm_exits_while_a_session_runs_and_a_handler_of_the_program_stays(store, sigterm):
    session = SessionRun()
    sigterm(signal.SIG_DFL)
    begin(session)
    with pytest.raises(SystemExit) as caught:
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.code == 128 + signal.SIGTERM
    session.end("KILLED")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    sigterm(signal.SIG_IGN)
    begin(session)
    session.end("FINISHED")
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN


# A store that another process locks.

HOLDER = """
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
store.execute("COMMIT")
"""


def lock(path, seconds) -> subprocess.Popen:
    """Another process that locks the database for some time from now on."""
    command = [sys.executable, "-c", HOLDER, str(path), str(seconds)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "locked\n"
    return holder


def test_a_store_that_is_locked_for_long_is_waited_for_with_a_word(store, tmp_path, caplog):
    wait_for_locked_stores()
    wait_for_locked_stores()
    run = begin(SessionRun())
    holder = lock(tmp_path / "mlflow.db", 25)  # MLflow itself gives up after 20 s
    with caplog.at_level(logging.WARNING):
        mlflow.log_metrics({"accuracy": 0.9, "loss": 0.1})
    holder.communicate()
    assert store.get_run(run).data.metrics == {"accuracy": 0.9, "loss": 0.1}
    said = [record.getMessage() for record in caplog.records]
    assert any("locks the MLflow store: waiting" in one for one in said)


def test_a_store_that_stays_locked_is_an_error_in_words(tmp_path, monkeypatch):
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError

    monkeypatch.setattr("atelier.hooks.locking.LIMIT_SECONDS", 0)
    wait_for_locked_stores()
    sqlite3.connect(tmp_path / "one.db").execute("CREATE TABLE t (x)").connection.close()
    holder = lock(tmp_path / "one.db", 20)
    engine = create_engine(f"sqlite:///{tmp_path / 'one.db'}")
    with pytest.raises(OperationalError, match="Expected the MLflow store to be free"):
        engine.connect().execute(text("SELECT * FROM t"))
    holder.kill()
    holder.communicate()
    engine.dispose()


def test_other_errors_of_a_store_come_at_once():
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import OperationalError

    wait_for_locked_stores()
    engine = create_engine("sqlite://")
    with engine.connect() as opened, pytest.raises(OperationalError, match="no such table"):
        opened.execute(text("SELECT * FROM nowhere"))
    engine.dispose()


# The source code's state.


def git(folder, *arguments) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    (folder / "project").mkdir(parents=True)
    git(folder, "init", "--initial-branch", "main")
    (folder / "project" / "pyproject.toml").write_text("[project]\n")
    (folder / ".gitignore").write_text("ignored/\n")
    git(folder, "add", ".")
    git(folder, "commit", "--message", "first")
    return folder


def test_a_run_is_tagged_with_commit_branch_and_changes(repository):
    project = repository / "project"
    tags = git_tags(project)
    assert tags == {
        "mlflow.source.git.commit": git(repository, "rev-parse", "HEAD"),
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.dirty": "false",
    }
    (project / "new.py").write_text("x = 1\n")
    assert git_tags(project)["mlflow.source.git.dirty"] == "true"
    assert (
        run_tags({"project_path": str(project)}, "kedro run").items() >= git_tags(project).items()
    )


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:t0ken@host.org/lab.git", "https://host.org/lab.git"),
        ("https://t0ken@host.org:8443/lab.git", "https://host.org:8443/lab.git"),
        ("https://host.org/lab.git?private=t0ken#t0ken", "https://host.org/lab.git"),
        ("ssh://git@host.org/lab.git", "ssh://host.org/lab.git"),
        ("git@host.org:team/lab.git", "git@host.org:team/lab.git"),
        ("/srv/lab.git", "/srv/lab.git"),
    ],
)
def test_the_remote_address_is_shown_without_credentials(repository, address, shown):
    assert without_credentials(address) == shown
    git(repository, "remote", "add", "origin", address)
    assert git_tags(repository)["mlflow.source.git.repoURL"] == shown


def test_outside_a_repository_or_ignored_by_it_there_are_no_tags(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    outside, ignored = tmp_path / "outside", repository / "ignored"
    outside.mkdir()
    ignored.mkdir()
    assert git_tags(outside) == {}
    assert git_tags(ignored) == {}
    git(outside, "init")
    assert git_tags(outside) == {}  # nothing is committed yet


def test_without_git_there_are_no_tags(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert git_tags(repository / "project") == {}
