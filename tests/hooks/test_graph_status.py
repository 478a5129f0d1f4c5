"""The status of the last runs, as the graph shows it."""

import json
from types import SimpleNamespace

from kedro.pipeline import Node, Pipeline

from atelier.hooks.graph_status import GraphStatusHooks, merge_events


def run(env: str, *nodes: str, time: str) -> list[dict]:
    ends = [{"event": "after_node_run", "node_id": node, "duration": 1.0} for node in nodes]
    start = {"event": "before_pipeline_run", "timestamp": time, "env": env}
    return [start, *ends, {"event": "after_pipeline_run", "timestamp": time}]


def test_nodes_that_a_run_leaves_out_keep_their_status():
    earlier = run("base", "train", "evaluate", time="12:00")
    latest = run("base", "evaluate", "draw", time="13:00")
    merged = merge_events(earlier, latest)
    assert [event.get("node_id") for event in merged] == [None, "train", "evaluate", "draw", None]
    assert {event["timestamp"] for event in merged if "timestamp" in event} == {"13:00"}


def test_a_failure_stays_until_the_node_runs_again():
    failed = [*run("base", time="12:00"), {"event": "on_node_error", "node_id": "train"}]
    assert "on_node_error" in [e["event"] for e in merge_events(failed, run("base", time="13:00"))]
    again = merge_events(failed, run("base", "train", time="13:00"))
    assert "on_node_error" not in [event["event"] for event in again]


def test_another_environment_has_a_status_of_its_own():
    latest = run("test", "draw", time="13:00")
    assert merge_events(run("base", "train", time="12:00"), latest) == latest
    assert merge_events([], latest) == latest


def test_a_node_whose_input_cannot_be_loaded_has_failed(tmp_path):
    hooks = GraphStatusHooks()
    hooks.after_context_created(SimpleNamespace(project_path=tmp_path, env="base"))
    node = Node(len, "missing", "length", name="count", namespace="train")
    hooks.before_pipeline_run(Pipeline([node]))
    hooks.before_dataset_loaded("missing", node)
    hooks.on_pipeline_error(FileNotFoundError("no file at https://user:secret@host/"))
    written = (tmp_path / ".viz" / "kedro_pipeline_events.json").read_text()
    failed = [event for event in json.loads(written) if event["event"] == "on_node_error"]
    assert [event["node"] for event in failed] == ["train.count"]
    assert "secret" not in written
