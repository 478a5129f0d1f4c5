"""Which process runs which step."""

import threading

import pytest
from kedro.pipeline import Node, Pipeline

from atelier.incremental.step_queue import HELPER, MAIN, StepQueue


def queue(*steps: tuple[str, str, str | None]) -> StepQueue:
    """Steps as name, its inputs, and group."""
    nodes = [
        Node(lambda *_: 1, before.split() or None, name, name=name) for name, before, _ in steps
    ]
    return StepQueue([(node,) for node in nodes], Pipeline(nodes), [group for *_, group in steps])


def drain(steps: StepQueue, process: str) -> list[int]:
    """The numbers of the steps that a process runs if it is alone."""
    taken = []
    while (number := steps.take(process)) is not None:
        taken.append(number)
        steps.finish(number)
    return taken


CHAINS = (
    ("a1", "", "a"), ("a2", "a1", "a"), ("b1", "", "b"), ("b2", "b1", "b"), ("c1", "", "c"),
    ("c2", "c1", "c"),
)  # fmt: skip


def test_the_main_process_keeps_the_order():
    assert drain(queue(*CHAINS), MAIN) == [0, 1, 2, 3, 4, 5]


def test_the_helper_begins_the_last_group_and_ends_it_before_another():
    assert drain(queue(*CHAINS), HELPER) == [4, 5, 2, 3, 0, 1]


def test_a_group_stays_in_the_process_that_began_it():
    steps = queue(*CHAINS)
    assert (steps.take(MAIN), steps.take(HELPER)) == (0, 4)
    steps.finish(4)
    assert steps.take(HELPER) == 5
    steps.finish(5)
    assert steps.take(HELPER) == 2
    steps.finish(0)
    steps.finish(2)
    assert drain(steps, MAIN) == [1]
    assert drain(steps, HELPER) == [3]


def test_steps_without_a_group_run_in_the_main_process():
    steps = queue(("a1", "", None), ("b1", "", "b"), ("c1", "", None))
    assert drain(steps, HELPER) == [1]
    assert drain(steps, MAIN) == [0, 2]


def test_groups_that_need_each_other_in_turns_come_to_an_end():
    steps = queue(("a1", "", "a"), ("b1", "a1", "b"), ("a2", "b1", "a"), ("b2", "a2", "b"))
    taken: dict[str, list[int]] = {MAIN: [], HELPER: []}
    threads = [
        threading.Thread(target=lambda name=name: taken[name].extend(drain(steps, name)))
        for name in taken
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken[MAIN] + taken[HELPER]) == [0, 1, 2, 3]
    assert {frozenset(numbers) for numbers in taken.values()} <= {
        frozenset({0, 2}), frozenset({1, 3}), frozenset({0, 1, 2, 3}), frozenset(),
    }  # fmt: skip


def test_a_step_waits_for_its_inputs_from_the_other_process():
    steps = queue(("a1", "", "a"), ("b1", "a1", "b"))
    assert steps.take(MAIN) == 0
    got: list[int | None] = []
    waiting = threading.Thread(target=lambda: got.append(steps.take(HELPER)))
    waiting.start()
    waiting.join(0.1)
    assert got == []
    steps.finish(0)
    waiting.join()
    assert got == [1]


def test_an_error_of_the_helper_reaches_the_main_process_while_it_waits():
    steps = queue(("a1", "", "a"), ("b1", "a1", None))
    assert steps.take(HELPER) == 0
    threading.Timer(0.1, steps.fail, [ZeroDivisionError("planted")]).start()
    with pytest.raises(ZeroDivisionError, match="planted"):
        steps.take(MAIN)


def test_a_closed_queue_gives_nothing():
    steps = queue(*CHAINS)
    steps.close()
    assert steps.take(MAIN) is None
    assert steps.take(HELPER) is None
