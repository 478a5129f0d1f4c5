"""The lines of experiments, the status line, and the time that is left."""

import pytest
from kedro.pipeline import Node

from atelier.hooks.experiment_progress import ExperimentProgress
from atelier.hooks.experiment_runs import experiment_of


def node(name: str) -> Node:
    namespace, _, short = name.rpartition(".")
    return Node(lambda: 1, None, name, name=short, namespace=namespace)


NODES = {name: node(name) for name in ("train.digits.fit", "train.digits.test", "sweep.run")}


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def progress(clock):
    return ExperimentProgress(NODES.values(), clock=clock)


def run(progress, clock, name: str, seconds: float):
    """Runs a node; the experiment that has ended with it."""
    progress.begin(NODES[name])
    clock.seconds += seconds
    return progress.end(NODES[name], has_run=True)


def test_an_experiment_ends_with_its_last_node_and_has_the_time_of_its_own_nodes(progress, clock):
    assert run(progress, clock, "train.digits.fit", 61) is None
    clock.seconds += 1000  # between nodes
    sweep = run(progress, clock, "sweep.run", 2)
    digits = run(progress, clock, "train.digits.test", 3)
    assert progress.line(digits, "98.20 % accuracy") == (
        "train · digits    2 nodes  1 min 04 s  98.20 % accuracy"
    )
    assert progress.line(sweep, "") == "sweep             1 node          2 s"


def test_a_line_is_cut_at_the_width_of_the_terminal(progress, clock):
    sweep = run(progress, clock, "sweep.run", 2)
    assert progress.line(sweep, "a long headline", 44) == (
        "sweep             1 node          2 s  a lo…"
    )


def test_an_experiment_of_unchanged_nodes_has_no_line(progress):
    assert progress.end(NODES["sweep.run"], has_run=False) is None
    assert (progress.nodes_run, progress.nodes_done) == (0, 1)


def test_an_experiment_with_an_unchanged_node_says_how_many_ran(progress, clock):
    progress.end(NODES["train.digits.fit"], has_run=False)
    digits = run(progress, clock, "train.digits.test", 3)
    assert "  1/2 nodes " in progress.line(digits, "")


def test_a_node_that_ends_twice_counts_once(progress, clock):
    run(progress, clock, "train.digits.fit", 1)
    assert progress.end(NODES["train.digits.fit"], has_run=True) is None
    assert progress.nodes_run == 1


def test_the_status_names_the_node_and_how_long_it_has_run(progress, clock):
    assert progress.status() == "[0/3 nodes] compared with their last run"
    progress.begin(NODES["train.digits.fit"])
    clock.seconds = 75
    progress.begin(NODES["train.digits.fit"])  # as each of its inputs is loaded
    assert progress.status() == "[0/3 nodes] train · digits: fit, 1 min 15 s"


def test_the_time_left_is_that_of_the_last_run(progress, clock):
    progress.recorded = {"train.digits.fit": 100.0, "train.digits.test": 10.0, "sweep.run": 5.0}
    progress.begin(NODES["train.digits.fit"])
    clock.seconds = 30
    assert "up to 1 min 25 s left" in progress.status()
    clock.seconds = 300  # longer than last time
    assert "up to 15 s left" in progress.status()


def test_without_the_time_of_a_remaining_node_no_time_is_named(progress):
    progress.recorded = {"train.digits.fit": 100.0, "train.digits.test": 10.0}
    progress.begin(NODES["train.digits.fit"])
    assert "left" not in progress.status()


def test_nodes_without_a_run_belong_to_no_experiment(clock):
    index = node("train.index").tag("untracked")
    progress = ExperimentProgress([index, NODES["sweep.run"]], clock=clock)
    progress.begin(index)
    assert progress.end(index, has_run=True) is None
    assert progress.experiments == [experiment_of(NODES["sweep.run"])]
