"""The runs of experiments: by themselves, then as commands leave them, however these end."""

import json
import os
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from support import toy
from support.patience import PATIENCE, wait_until
from support.project import Project
from support.servers import free_port, serve
from support.stores import tracking_at

from atelier.hooks.active_runs import REASON, active_runs
from atelier.hooks.experiment_runs import Experiment, ExperimentRuns, experiment_of
from atelier.hooks.interruption import PROCESS_ENDED
from atelier.hooks.logging_switch import switch_logging
from atelier.hooks.session_run import SessionRun
from atelier.pipelines.sinks import with_sinks

pytestmark = pytest.mark.timeout(2400)

PARENT = "mlflow.parentRunId"


# By themselves.


def node(name: str, namespace: str | None, *tags: str) -> Node:
    return Node(lambda: 1, None, f"{namespace}.{name}", name=name, namespace=namespace, tags=tags)


LEFT, RIGHT = Experiment("train", "left"), Experiment("train", "right")
NODES = [node(name, f"train.{side}") for name in ("a", "b") for side in ("left", "right")]


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
    shutil.copy(database, tmp_path)
    with tracking_at(f"sqlite:///{tmp_path / 'mlflow.db'}") as client:
        yield client


@pytest.fixture
def session(store):
    """A session that has begun, and the runs of its experiments."""
    runs = ExperimentRuns()
    run = SessionRun(runs)
    run.begin(run_id=None, experiment_name="lab", name="train", tags={})
    runs.plan(NODES)
    return run, runs


def enter(runs: ExperimentRuns, entered: Node) -> str:
    """Runs a node; returns the id of the run that is active meanwhile."""
    experiment = experiment_of(entered)
    runs.enter(
        entered, experiment.name if experiment else "", experiment.tags if experiment else {}
    )
    return mlflow.active_run().info.run_id


def test_the_experiment_of_a_node_is_in_its_namespace():
    assert experiment_of(node("a", "train.left")) == LEFT
    assert LEFT.name == "train · left"
    assert experiment_of(node("a", "sweep")).name == "sweep"
    assert experiment_of(node("a", None)) is None
    assert experiment_of(node("index", "train", "untracked")) is None


def test_runs_take_turns_below_the_sessions_and_stay_open_without_an_end(session, store):
    run, runs = session
    parent = mlflow.active_run().info.run_id
    order = []
    for entered in NODES:
        order.append(enter(runs, entered))
        assert mlflow.active_run().info.run_id == active_runs()[-1].info.run_id
        mlflow.log_metric(entered.short_name, 1)
        assert len(active_runs()) == 2
        runs.count(entered)
    left, right = order[:2]
    assert order == [left, right, left, right]
    for child in (left, right):
        found = store.get_run(child)
        assert (found.info.status, found.info.end_time) == ("RUNNING", None)
        assert found.data.tags[PARENT] == parent
        assert set(found.data.metrics) == {"a", "b"}
    assert runs.completed() == [LEFT, RIGHT]
    runs.end(LEFT, "FINISHED")
    first_end = store.get_run(left).info.end_time
    run.end("FINISHED")
    assert mlflow.active_run() is None
    ended = [store.get_run(child).info for child in (left, right, parent)]
    assert [info.status for info in ended] == ["FINISHED"] * 3
    assert ended[0].start_time <= first_end <= ended[1].end_time <= ended[2].end_time
    assert ended[0].end_time == first_end


def test_the_seconds_of_an_experiment_are_those_of_its_own_nodes(session, monkeypatch):
    _, runs = session
    clock = iter([0, 10, 10, 13, 13, 18, 18])  # left from 0, right from 10, left from 13 to 18
    ours = SimpleNamespace(monotonic=lambda: next(clock))  # other threads keep the module's
    monkeypatch.setattr("atelier.hooks.experiment_runs.time", ours)
    for entered in (NODES[0], NODES[1], NODES[2]):
        enter(runs, entered)
    enter(runs, node("index", "train", "untracked"))
    monkeypatch.undo()
    assert (runs.seconds(LEFT), runs.seconds(RIGHT)) == (15, 3)
    assert runs.seconds(Experiment("sweep", "sweep")) == 0
    runs.end(LEFT, "FINISHED")
    assert runs.seconds(LEFT) == 15


def test_a_node_without_experiment_has_the_run_of_the_session(session):
    _, runs = session
    parent = mlflow.active_run().info.run_id
    enter(runs, NODES[0])
    assert enter(runs, node("index", "train", "untracked")) == parent
    assert runs.ids.keys() == {LEFT}


def test_a_run_that_a_node_left_open_or_closed_does_no_harm(session, store):
    run, runs = session
    left = enter(runs, NODES[0])
    forgotten = mlflow.start_run(nested=True).info.run_id
    right = enter(runs, NODES[1])
    assert store.get_run(forgotten).info.status == "FINISHED"
    assert [item.info.run_id for item in active_runs()[1:]] == [right]
    mlflow.end_run()
    assert enter(runs, NODES[2]) == left
    run.end("FINISHED")
    assert {store.get_run(item).info.status for item in (left, right)} == {"FINISHED"}


@pytest.mark.parametrize("stopped", [False, True])
def test_what_did_not_finish_says_why(session, store, stopped):
    run, runs = session
    parent = mlflow.active_run().info.run_id
    left, right = [enter(runs, entered) for entered in NODES[:2]]
    if stopped:
        run.end_interrupted()
    else:
        run.end("FAILED", "right.a: ValueError: no")
    found = [store.get_run(item) for item in (left, right, parent)]
    statuses = [item.info.status for item in found]
    reasons = [item.data.tags[REASON] for item in found]
    if stopped:
        assert (statuses, reasons) == (["KILLED"] * 3, ["interrupted"] * 3)
    else:
        error = "right.a: ValueError: no"
        assert statuses == ["KILLED", "FAILED", "FAILED"]
        assert reasons == ["train · right failed", error, error]
    assert mlflow.active_run() is None


def test_an_untracked_pipeline_switches_off_datasets_of_patterns_and_sinks():
    catalog = DataCatalog.from_config({
        "{namespace}.{name}_curve": {
            "type": "atelier.datasets.sinks.MetricLogDataset", "prefix": "x",
        },
        "{namespace}.{name}_metrics": {
            "type": "atelier.datasets.tracked.MetricsDataset", "filepath": "x.json", "prefix": "x",
        },
    })  # fmt: skip

    def fit(curve):
        return curve

    fitted = with_sinks(fit, curve="loss_curve")
    node = Node(fitted, None, ["left.test_metrics", "left.memory"], name="fit", namespace="a.left")
    logging = [catalog.get("left.loss_curve"), catalog.get("left.test_metrics")]
    for active in (False, True):
        switch_logging(Pipeline([node]), catalog, active=active)
        assert [dataset._logging_activated for dataset in logging] == [active] * 2


# As commands leave them.

PROGRAM = """
import contextlib, json, os, sys
from pathlib import Path
from types import SimpleNamespace
import mlflow
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

PROJECT = Path.cwd()
bootstrap_project(PROJECT)
LOCAL = PROJECT / "conf" / "local" / "mlflow.yml"
shown = {}


def ids():
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    return {run.info.run_id for run in runs}


@contextlib.contextmanager
def noted(name):
    known = ids() if mlflow.is_tracking_uri_set() else set()
    yield
    shown[name] = sorted(ids() - known)


def session(name, *pipelines, toy="", fails=False, **options):
    os.environ["TOY"] = toy
    with noted(name), contextlib.suppress(Exception if fails else ()):
        with KedroSession.create(PROJECT, env="test") as one:
            one.run(pipeline_names=list(pipelines), **options)
        assert not fails


session("all", "toy", "solo")
session("nothing", "toy", only_missing_outputs=True)
(PROJECT / "data/08_reporting/test/left/second_metrics.json").unlink()
session("part", "toy", "solo", only_missing_outputs=True)
session("from", "toy", from_nodes=["toy.left.second"])
session("namespaces", "toy", namespaces=["toy.right"])
session("index", "count")
session("node fails", "toy", "solo", toy="fail:toy.left.second", fails=True)
session("load fails", "toy", toy="corrupt:toy.right.first", fails=True)
session("save fails", "toy", toy="unsaveable:toy.right.second", fails=True)
(PROJECT / "data/08_reporting/test/left/first_metrics.json").unlink()
session("input missing", "toy", from_nodes=["toy.left.second"], fails=True)
session("again", "toy")
with noted("own"), mlflow.start_run(run_name="own") as own:
    session("within own", "toy")
    LOCAL.write_text("tracking: {disable_tracking: {pipelines: [toy]}}")
    session("disabled within own", "toy")
    assert mlflow.active_run().info.run_id == own.info.run_id
session("disabled", "toy")
LOCAL.write_text("tracking: {run: {id: " + own.info.run_id + ", name: a name}}")
session("continued", "toy")
LOCAL.unlink()
os.environ["MLFLOW_RUN_ID"] = own.info.run_id
session("continued by variable", "solo")
Path("shown.json").write_text(json.dumps(shown | {"own run": own.info.run_id}))
"""


def toy_project(folder: Path) -> Project:
    project = Project(folder)
    shutil.copy(toy.__file__, folder / "src" / "atelier" / "pipeline_registry.py")
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = toy_project(tmp_path_factory.mktemp("toy"))
    project.python("-c", PROGRAM)
    project.shown = json.loads((project.folder / "shown.json").read_text())
    return project


def statuses(project, name) -> dict[str, str]:
    """The statuses of a session's runs by the runs' names."""
    runs = [project.client().get_run(run_id) for run_id in project.shown[name]]
    for run in runs:
        unfinished = run.info.status != "FINISHED"
        assert (REASON in run.data.tags) == unfinished
        assert run.info.end_time >= run.info.start_time
    return {run.info.run_name: run.info.status for run in runs}


def named(project, name, run_name):
    runs = [project.client().get_run(run_id) for run_id in project.shown[name]]
    (run,) = [run for run in runs if run.info.run_name == run_name]
    return run


FINISHED = {"toy": "FINISHED", "toy · left": "FINISHED", "toy · right": "FINISHED"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nothing", {"toy": "FINISHED"}),
        ("part", {"solo+toy": "FINISHED", "toy · left": "FINISHED"}),
        ("from", {"toy": "FINISHED", "toy · left": "FINISHED"}),
        ("namespaces", {"toy": "FINISHED", "toy · right": "FINISHED"}),
        ("index", {"count": "FINISHED"}),
        ("load fails", {"toy": "FAILED", "toy · left": "FAILED", "toy · right": "KILLED"}),
        ("save fails", {"toy": "FAILED", "toy · left": "FINISHED", "toy · right": "FAILED"}),
        ("input missing", {}),
        ("again", FINISHED),
        ("within own", FINISHED),
        ("disabled within own", {}),
        ("disabled", {}),
    ],
)
def test_each_experiment_of_a_command_has_a_run(project, name, expected):
    assert statuses(project, name) == expected


def test_a_run_has_its_own_metrics_and_ends_after_its_own_last_node(project):
    found = statuses(project, "all")
    assert found == dict.fromkeys(("solo+toy", "solo", "toy · left", "toy · right"), "FINISHED")
    solo, left = (named(project, "all", name) for name in ("solo", "toy · left"))
    command = named(project, "all", "solo+toy")
    assert len(left.data.metrics) == 2
    assert command.data.metrics == {}
    assert solo.info.end_time <= left.info.end_time <= command.info.end_time
    assert left.data.tags["namespace"] == "left"
    assert command.data.tags["kedro_command"] == left.data.tags["kedro_command"]


def test_a_failing_node_fails_its_experiment_and_the_command_alone(project):
    assert statuses(project, "node fails") == {
        "solo": "FINISHED",
        "toy · left": "FAILED",
        "toy · right": "KILLED",
        "solo+toy": "FAILED",
    }
    left = named(project, "node fails", "toy · left").data.tags[REASON]
    assert left == "toy.left.second: ZeroDivisionError: planted, password=***"
    assert named(project, "node fails", "solo+toy").data.tags[REASON] == left
    right = named(project, "node fails", "toy · right").data.tags[REASON]
    assert right == "toy · left failed"
    assert len(named(project, "node fails", "toy · right").data.metrics) == 1


def test_a_users_run_is_the_grandparent_and_stays_as_it_was(project):
    own = project.client().get_run(project.shown["own run"])
    command = named(project, "within own", "toy")
    child = named(project, "within own", "toy · left")
    assert command.data.tags[PARENT] == own.info.run_id
    assert child.data.tags[PARENT] == command.info.run_id
    assert own.data.metrics == {}


def test_a_run_that_is_continued_gets_further_experiments(project):
    own = project.shown["own run"]
    for name, children in (
        ("continued", ["toy · left", "toy · right"]),
        ("continued by variable", ["solo"]),
    ):
        found = [project.client().get_run(run_id) for run_id in project.shown[name]]
        assert sorted(run.info.run_name for run in found) == children
        assert {run.data.tags[PARENT] for run in found} == {own}
    assert project.client().get_run(own).info.status == "FINISHED"


# Processes that are stopped.


def stop(project, how: signal.Signals) -> None:
    """Stops a command while ``left.second`` runs and ``right`` waits for its second node."""
    (project.folder / "hangs").unlink(missing_ok=True)
    process = project.start_python(
        "-m", "kedro", "run", "--env", "test", "--pipelines", "toy,solo",
        "--runner", "SequentialRunner",
        TOY="hang:toy.left.second",
    )  # fmt: skip
    wait_until(lambda: (project.folder / "hangs").exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()[0]
    process.send_signal(how)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0


def newest(project, count: int) -> dict[str, tuple[str, str | None]]:
    runs = project.runs()[:count]
    return {run.info.run_name: (run.info.status, run.data.tags.get(REASON)) for run in runs}


def test_stopped_commands_leave_no_run_open(project):
    known = len(project.runs())
    for how in (signal.SIGINT, signal.SIGTERM):
        stop(project, how)
        assert newest(project, 4) == {
            "solo+toy": ("KILLED", "interrupted"),
            "toy · left": ("KILLED", "interrupted"),
            "toy · right": ("KILLED", "interrupted"),
            "solo": ("FINISHED", None),
        }
    stop(project, signal.SIGKILL)
    killed = {name: status for name, (status, _) in newest(project, 4).items()}
    assert killed == {
        "solo+toy": "RUNNING", "toy · left": "RUNNING", "toy · right": "RUNNING",
        "solo": "FINISHED",
    }  # fmt: skip
    killed = [run.info.run_id for run in project.runs()[:4]]
    assert len(project.runs()) == known + 12
    project.run("--pipelines", "toy", "--namespaces", "left", "--only-missing-outputs")
    found = [project.client().get_run(run_id) for run_id in killed]
    assert sorted(run.info.status for run in found) == ["FINISHED", "KILLED", "KILLED", "KILLED"]
    reasons = {run.data.tags.get(REASON) for run in found}
    assert reasons == {None, PROCESS_ENDED}


# A server.


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    project = toy_project(tmp_path_factory.mktemp("served"))
    address = f"http://127.0.0.1:{free_port()}"
    store = ("--backend-store-uri", project.store, "--workers", "1")
    where = ("--port", address.rsplit(":", 1)[1])
    for _ in serve(project, "mlflow", "server", *store, *where, health=f"{address}/health"):
        yield project, address


def test_on_a_server_runs_end_as_well_and_only_the_commands_page_is_printed(server, monkeypatch):
    project, address = server
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    line = ["-m", "kedro", "run", "--env", "test"]
    output = project.python(*line, MLFLOW_TRACKING_URI=address)
    assert output.count("View run") == 1
    assert "View run __default__" in output
    failing = {"MLFLOW_TRACKING_URI": address, "TOY": "fail:toy.left.second"}
    project.python(*line, "--runner", "SequentialRunner", ok=False, **failing)
    found = newest(project, 4)
    assert {name: status for name, (status, _) in found.items()} == {
        "__default__": "FAILED",
        "toy · left": "FAILED",
        "toy · right": "KILLED",
        "solo": "FINISHED",
    }
    ended = project.runs()[4:]
    assert {run.info.status for run in ended} == {"FINISHED"}
    assert all(run.info.end_time >= run.info.start_time for run in ended)
    assert os.environ["MLFLOW_TRACKING_URI"] == address
