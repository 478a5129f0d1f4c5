"""Killed processes, and two at once."""

import random
import time

import pytest
from support.small_project import ORDER, kill

RUN = """
import sys, time
from pathlib import Path
from support.small_project import SmallProject, State

state = State(**eval(sys.argv[1]))
project = SmallProject(Path.cwd(), state)
print(sorted(project.run().ran))
"""
SLOW = {"product": "[__import__('time').sleep(0.2), number * FACTOR + 1][1]"}
"""Code that takes a while, so that most kills come while a node runs."""


@pytest.mark.parametrize("seed", range(10))
def test_a_killed_run_is_followed_by_one_with_the_outputs_of_a_full_run(project, tmp_path, seed):
    """The moment is another one each day."""
    moment = random.Random(f"{time.strftime('%Y-%j')} {seed}").random()
    project.run()
    project.change(**SLOW, numbers=(4, 5, 6))
    process = project.start(RUN, repr(SLOW | {"numbers": (4, 5, 6)}))
    wait_for_change(project, process)
    time.sleep(moment)
    kill(process)
    project.change(product="number * FACTOR + 1")
    project.run()
    assert project.outputs() == project.outputs_of_full_run(tmp_path / "full")
    assert project.run().ran == []


def test_two_runs_at_once_leave_records_that_tell_the_truth(project, tmp_path):
    for _ in range(3):
        variants = [SLOW | {"limit": 2, "rate": 0.25}, SLOW | {"limit": 100, "rate": 2}]
        processes = [project.start(RUN, repr(changes)) for changes in variants]
        assert [process.wait() for process in processes] == [0, 0]
        project.change(**variants[0])
        project.run()
        assert project.outputs() == project.outputs_of_full_run(tmp_path / f"full-{time.time_ns()}")


def test_two_equal_runs_at_once_share_the_work(project):
    project.change(**SLOW)
    processes = [project.start(RUN, repr(SLOW)) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert project.run().ran == []


def wait_for_change(project, process) -> None:
    """Until the process has begun to run nodes: it removes records first."""
    records = project.configuration.records
    while process.poll() is None and len(list(records.glob("*.json"))) == len(ORDER):
        time.sleep(0.001)
