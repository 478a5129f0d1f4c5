"""What the functions of nodes declare that Kedro's graph does not tell."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from kedro.pipeline.node import Node

READS = "incremental_reads"
EFFECTS = "incremental_effects"
Paths = Callable[..., Iterable[str | Path]]


def with_reads(function: Callable[..., Any], paths: Paths) -> Callable[..., Any]:
    """Returns a node's function that declares which files its parameters make it read.

    The node runs again when the content of one of them changes.

    Args:
        function: The function of the node.
        paths: Returns the files and folders, which need not exist. Its arguments have names of
            arguments of the function, and get the node's parameters that the function gets there.

    Examples:
        >>> def count(data, options): ...
        >>> counted = with_reads(count, lambda options: [options["mirror"]])
    """
    return _declare(function, READS, paths)


def with_effects(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns a node's function that declares effects beyond its outputs, such as a message.

    A node without any output runs always, unless it declares effects: then they count as its
    result, which the record of the node says to exist.

    Args:
        function: The function of the node.
    """
    return _declare(function, EFFECTS, True)  # noqa: FBT003


def declares_effects(node: Node) -> bool:
    """Returns whether a node's function declares effects beyond its outputs."""
    return bool(getattr(node.func, EFFECTS, False))


def declared_reads(node: Node, parameters: Mapping[str, Any]) -> list[Path]:
    """Returns the files and folders that a node declares to read.

    Args:
        node: A node, whose function may declare nothing.
        parameters: The node's parameters by their names in the catalog.

    Raises:
        ValueError: If the function of the paths asks for something that is no parameter.
    """
    paths: Paths | None = getattr(node.func, READS, None)
    if paths is None:
        return []
    names = inputs_by_argument(node)
    chosen = list(inspect.signature(paths).parameters)
    unknown = [name for name in chosen if names.get(name) not in parameters]
    if unknown:
        possible = ", ".join(name for name, dataset in names.items() if dataset in parameters)
        raise ValueError(
            f"Expected arguments of {node.name} that are parameters ({possible}) in the function "
            f"that names its files. Received: {', '.join(unknown)}"
        )
    arguments = {name: parameters[names[name]] for name in chosen}
    return [Path(path) for path in paths(**arguments)]


def inputs_by_argument(node: Node) -> dict[str, str]:
    """Returns the names of a node's inputs by the arguments of its function."""
    if isinstance(node._inputs, dict):
        return dict(node._inputs)
    arguments = inspect.signature(node.func).parameters
    return dict(zip(arguments, node.inputs, strict=False))


def _declare(function: Callable[..., Any], name: str, value: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*inputs: Any, **named: Any) -> Any:
        return function(*inputs, **named)

    setattr(call, name, value)
    return call
