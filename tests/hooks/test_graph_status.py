"""The status of the last runs, as the graph shows it."""

from atelier.hooks.graph_status import merge_events


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
