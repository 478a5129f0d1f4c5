"""Nodes that must run together, since data between them is in memory only."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

Step = tuple[Node, ...]


def steps_of(pipeline: Pipeline, is_stored: Callable[[str], bool]) -> list[Step]:
    """Returns the nodes of a pipeline in groups, in an order in which they can run.

    Args:
        pipeline: The nodes.
        is_stored: Whether a dataset outlives the run, by its name.

    Returns:
        Groups of nodes that are joined by datasets that are not stored, and of nodes between
        these. Within a group, and among groups, nodes have the order of the pipeline.
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
    return [tuple(members[group]) for group in _sorted(dependencies)]


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


def _sorted(dependencies: Mapping[int, set[int]]) -> list[int]:
    """Returns the groups in an order that respects dependencies, the smallest number first."""
    sorter = TopologicalSorter(dependencies)
    sorter.prepare()
    ready = list(sorter.get_ready())
    heapq.heapify(ready)
    done = []
    while ready:
        group = heapq.heappop(ready)
        done.append(group)
        sorter.done(group)
        for item in sorter.get_ready():
            heapq.heappush(ready, item)
    return done
