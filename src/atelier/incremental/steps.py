"""Nodes that must run together, since data between them is in memory only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

Step = tuple[Node, ...]


def equal_rank(node: Node) -> int:
    """Returns the same rank for every node."""
    del node
    return 0


def steps_of(
    pipeline: Pipeline,
    is_stored: Callable[[str], bool],
    rank: Callable[[Node], int] = equal_rank,
) -> list[Step]:
    """Returns the nodes of a pipeline in groups, in an order in which they can run.

    Args:
        pipeline: The nodes.
        is_stored: Whether a dataset outlives the run, by its name.
        rank: The rank of a node.

    Returns:
        Groups of nodes that are joined by datasets that are not stored, and of nodes between
        these. Of the groups that can run, the next is one of the same namespace as the last, or
        else the one of the smallest rank, or else the first in the pipeline. So a namespace ends
        before another begins, as far as its inputs allow. Within a group, nodes have the order of
        the pipeline.
    """
    groups = {node: index for index, node in enumerate(pipeline.nodes)}
    for node, parents in pipeline.node_dependencies.items():
        for parent in parents:
            if any(not is_stored(name) for name in set(parent.outputs) & set(node.inputs)):
                _merge(groups, [groups[node], groups[parent]])
    while cycle := _cycle(_dependencies(pipeline, groups)):
        _merge(groups, cycle)
    members: dict[int, list[Node]] = {}
    for node in pipeline.nodes:
        members.setdefault(groups[node], []).append(node)
    dependencies = _dependencies(pipeline, groups)
    return [tuple(members[group]) for group in _sorted(dependencies, members, rank)]


def _merge(groups: dict[Node, int], merged: Iterable[int]) -> None:
    """Gives the nodes of several groups the number of the first group."""
    merged = set(merged)
    first = min(merged)
    for node, group in groups.items():
        if group in merged:
            groups[node] = first


def _dependencies(pipeline: Pipeline, groups: Mapping[Node, int]) -> dict[int, set[int]]:
    """Returns the groups on which each group depends."""
    dependencies: dict[int, set[int]] = {group: set() for group in groups.values()}
    for node, parents in pipeline.node_dependencies.items():
        dependencies[groups[node]] |= {groups[parent] for parent in parents} - {groups[node]}
    return dependencies


def _cycle(dependencies: Mapping[int, set[int]]) -> list[int]:
    """Returns groups that depend on each other in a circle; nothing where there is no circle."""
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        cycle: list[int] = error.args[1]
        return cycle
    return []


def _sorted(
    dependencies: Mapping[int, set[int]],
    members: Mapping[int, Sequence[Node]],
    rank: Callable[[Node], int],
) -> list[int]:
    """Returns the groups in the order that :func:`steps_of` describes."""
    sorter = TopologicalSorter(dependencies)
    sorter.prepare()
    ready = set(sorter.get_ready())
    done: list[int] = []
    while ready:
        namespace = members[done[-1]][0].namespace if done else None

        def place(group: int, namespace: str | None = namespace) -> tuple[bool, int, int]:
            node = members[group][0]
            return node.namespace != namespace, rank(node), group

        group = min(ready, key=place)
        ready.remove(group)
        done.append(group)
        sorter.done(group)
        ready |= set(sorter.get_ready())
    return done
