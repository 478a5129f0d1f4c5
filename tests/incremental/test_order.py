"""In which order nodes run: a namespace ends before another begins."""

from kedro.pipeline import Node, Pipeline

from atelier.incremental.steps import steps_of


def node(name: str, inputs: list[str], output: str) -> Node:
    namespace, _, short = name.rpartition(".")
    return Node(lambda *_: 1, inputs or None, output, name=short, namespace=namespace or None)


def order(*nodes: Node, rank=lambda node: 0, is_stored=lambda name: True) -> list[str]:
    steps = steps_of(Pipeline(nodes), is_stored, rank)
    return [item.name for step in steps for item in step]


TWO_CHAINS = (
    node("a.first", [], "a1"),
    node("a.second", ["a1"], "a2"),
    node("b.first", [], "b1"),
    node("b.second", ["b1"], "b2"),
)


def test_a_namespace_ends_before_another_begins():
    names = ["a.first", "a.second", "b.first", "b.second"]
    assert [item.name for item in Pipeline(TWO_CHAINS).nodes] != names
    assert order(*TWO_CHAINS) == names


def test_a_smaller_rank_runs_first():
    names = order(*TWO_CHAINS, rank=lambda item: -ord(item.namespace))
    assert names == ["b.first", "b.second", "a.first", "a.second"]


def test_a_smaller_rank_does_not_interrupt_a_namespace_that_can_go_on():
    later = node("a.third", ["b1"], "a3")
    names = order(*TWO_CHAINS[2:], later, rank=lambda item: ord(item.namespace))
    assert names == ["b.first", "b.second", "a.third"]


def test_a_namespace_that_waits_for_another_goes_on_after_it():
    waiting = node("a.third", ["a1", "b2"], "a3")
    names = order(TWO_CHAINS[0], waiting, *TWO_CHAINS[2:])
    assert names == ["a.first", "b.first", "b.second", "a.third"]


def test_nodes_that_are_joined_in_memory_stay_together():
    joined = node("b.third", ["a1"], "b3")
    names = order(*TWO_CHAINS, joined, is_stored=lambda name: name != "a1")
    assert set(names[:3]) == {"a.first", "a.second", "b.third"}


def test_without_namespaces_nodes_run_in_the_order_of_the_pipeline():
    nodes = [node("c", [], "1"), node("a", ["1"], "2"), node("b", [], "3")]
    assert order(*nodes) == [item.name for item in Pipeline(nodes).nodes]
