"""What the runner tells hooks beside each node: earlier times, and an interruption."""

import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from support.small_project import ORDER

from atelier.incremental import IncrementalRunner


class Told:
    """Notes what it is told, and raises an error before a node."""

    def __init__(self, node: str = "", error: type[BaseException] = KeyboardInterrupt) -> None:
        self.node, self.error = node, error
        self.seconds = self.interruption = None

    @hook_impl
    def before_steps(self, seconds):
        self.seconds = dict(seconds)

    @hook_impl
    def before_node_run(self, node):
        if node.name == self.node:
            raise self.error

    @hook_impl
    def on_run_interrupted(self, error, pipeline, catalog):
        self.interruption = error, pipeline, catalog


def run(project, told: Told) -> Told:
    manager = _create_hook_manager()
    manager.register(told)
    runner = IncrementalRunner(configuration=project.configuration)
    runner.run(project.pipeline(), project.catalog(), manager)
    return told


def test_the_times_of_the_last_run_are_told_before_the_first_node(project):
    assert run(project, Told()).seconds == {}
    seconds = run(project, Told()).seconds
    assert set(seconds) == set(ORDER)
    assert all(value >= 0 for value in seconds.values())


def test_unchanged_nodes_keep_their_times(project):
    run(project, Told())
    before = run(project, Told()).seconds
    (project.data / "numbers.json").touch()  # so the records are written again
    run(project, Told())
    assert run(project, Told()).seconds == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_is_told_and_raised(project, error):
    told = Told("scale", error)
    with pytest.raises(error):
        run(project, told)
    raised, pipeline, catalog = told.interruption
    assert type(raised) is error
    assert {node.name for node in pipeline.nodes} == set(ORDER)
    assert "scaled" in catalog
    assert "scale" not in run(project, Told()).seconds


def test_an_error_is_no_interruption_and_says_how_to_go_on(project, lines):
    told = Told("scale", ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        run(project, told)
    assert told.interruption is None
    assert lines()[-1] == "The same command goes on here: it leaves out the 5 nodes before."
