"""Commands on unchanged nodes: what they run, say, and store in MLflow."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import Node
from support import toy
from support.project import Project

from atelier.hooks.incremental import IncrementalHooks, processor
from atelier.operations.run_summary import RUN_TAG, summarize_run
from atelier.pipelines.sinks import with_sinks

pytestmark = pytest.mark.timeout(2400)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Six nodes of three experiments: run, run again, explained, with a missing output, forced."""
    project = Project(tmp_path_factory.mktemp("unchanged"))
    shutil.copy(toy.__file__, project.folder / "src" / "atelier" / "pipeline_registry.py")
    project.outputs, project.started = {}, {}
    for name, arguments in {
        "first": [],
        "again": [],
        "explained": ["--params", "explain=true"],
        "missing": [],
        "forced": ["--pipeline", "solo", "--params", "force=true"],
        "sequential": ["--pipeline", "solo", "--runner", "SequentialRunner"],
    }.items():
        if name in {"explained", "missing"}:
            project.path("08_reporting", "test", "left", "second_metrics.json").unlink(
                missing_ok=True
            )
        before = {run.info.run_id for run in project.runs()} if project.outputs else set()
        project.outputs[name] = project.run(*arguments)
        project.started[name] = [run for run in project.runs() if run.info.run_id not in before]
    return project


def names(project, command: str) -> set[str]:
    return {run.info.run_name for run in project.started[command]}


def command_run(project, command: str):
    (run,) = [run for run in project.started[command] if "namespace" not in run.data.tags]
    return run


def reasons(project, command: str) -> dict[str, str]:
    run_id = command_run(project, command).info.run_id
    path = project.client().download_artifacts(run_id, "reasons.json", str(project.folder))
    return dict(json.loads(Path(path).read_text())["data"])


def test_the_first_command_runs_everything(project):
    assert names(project, "first") == {"__default__", "toy · left", "toy · right", "solo"}
    assert set(reasons(project, "first").values()) == {"not recorded"}


def test_the_second_command_has_nothing_to_do(project):
    assert "Nothing to do: 6 nodes unchanged." in project.outputs["again"]
    assert "--params force=true" in project.outputs["again"]
    assert names(project, "again") == {"__default__"}
    tags = command_run(project, "again").data.tags
    assert (tags["nodes_run"], tags["nodes_unchanged"]) == ("0", "6")


def test_an_explanation_runs_and_stores_nothing(project):
    assert names(project, "explained") == set()
    assert "toy.left.second: output left.second_metrics missing" in project.outputs["explained"]
    assert "1 of 6 nodes would run; none has run." in project.outputs["explained"]


def test_only_experiments_with_a_changed_node_get_a_run(project):
    assert names(project, "missing") == {"__default__", "toy · left"}
    assert reasons(project, "missing") == {"toy.left.second": "output left.second_metrics missing"}


def test_a_forced_command_runs_everything_and_is_repeated_so(project):
    assert set(reasons(project, "forced").values()) == {"forced"}
    command = command_run(project, "forced").data.tags["kedro_command"]
    assert command == "kedro run --env test --pipeline solo --params force=true"


def test_another_runner_is_repeated_too(project):
    command = command_run(project, "sequential").data.tags["kedro_command"]
    assert command == "kedro run --env test --pipeline solo --runner SequentialRunner"


def test_records_are_beside_the_data_of_the_environment(project):
    assert len(list(project.path(".incremental", "test").glob("*.json"))) == 6


def test_a_schedule_is_told_that_nothing_has_changed(project):
    client = project.client()
    for name in ("again", "missing"):
        client.set_tag(command_run(project, name).info.run_id, RUN_TAG, name)
    experiment = client.get_experiment_by_name("atelier-test").experiment_id
    assert summarize_run(client, experiment, "again", "toy", [])["unchanged"] is True
    assert summarize_run(client, experiment, "missing", "toy", []).keys() == {"run_id", "metrics"}


def test_sinks_that_are_inputs_are_marked_in_the_catalog():
    hooks = IncrementalHooks()
    marked = SimpleNamespace(metadata={"is_input": True})
    hooks._catalog = SimpleNamespace(get={"x.read": marked, "x.written": DataCatalog()}.get)
    node = Node(with_sinks(len, read="read", written="written"), "x.a", "x.b", namespace="x")
    assert list(hooks._sinks(node, read=True)) == ["x.read"]
    assert list(hooks._sinks(node, read=False)) == ["x.written"]


def test_the_processor_has_a_name():
    assert processor()
