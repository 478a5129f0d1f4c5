"""Sinks: what a node writes while it runs, such as a learning curve or a checkpoint.

A sink is neither an input nor an output, and so no part of the graph. The same holds for what the
report reads: the results that exist when it runs, and its own words. The pipeline names the sinks
of a node, :class:`atelier.hooks.SinkHooks` loads them from the catalog before the node runs, and
the node's function receives them as keyword arguments.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol, Self, runtime_checkable

_LOADED: ContextVar[Mapping[str, Any]] = ContextVar("sinks of the node that runs")


@runtime_checkable
class DependsOnCode(Protocol):
    """A sink with unfinished work, which only the code that began it may continue."""

    def with_code(self, code: str) -> Self:
        """Returns the sink of some code.

        Args:
            code: Digest of the code that the node reaches.
        """
        ...


def with_sinks(function: Callable[..., Any], **sinks: str) -> Callable[..., Any]:
    """Returns a node's function that receives its sinks by itself.

    Args:
        function: Takes inputs by position, and sinks by keyword.
        **sinks: The sink's name in the catalog, without namespace, by the argument's name.

    Returns:
        The function of the inputs alone. :func:`sinks_of` returns its sinks.

    Examples:
        >>> from atelier.pipelines.train.nodes import predict_splits
        >>> predict = with_sinks(predict_splits, checkpoint="training_checkpoint")
        >>> sinks_of(predict)
        {'checkpoint': 'training_checkpoint'}
    """

    @functools.wraps(function)
    def call(*inputs: Any) -> Any:
        return function(*inputs, **_LOADED.get())

    signature = inspect.signature(function)
    inputs = [item for name, item in signature.parameters.items() if name not in sinks]
    call.__signature__ = signature.replace(parameters=inputs)  # type: ignore[attr-defined]
    call.sinks = sinks  # type: ignore[attr-defined]
    return call


def sinks_of(function: Callable[..., Any]) -> dict[str, str]:
    """Returns the names of a function's sinks in the catalog by the arguments' names."""
    return getattr(function, "sinks", {})


def provide_sinks(loaded: Mapping[str, Any]) -> None:
    """Sets the sinks of the node that runs next in this thread.

    Args:
        loaded: The sinks by the arguments' names.
    """
    _LOADED.set(loaded)
