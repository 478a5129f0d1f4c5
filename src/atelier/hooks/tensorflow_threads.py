"""TensorFlow's threads and deterministic kernels are settled before the first node that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kedro.framework.hooks import hook_impl

from atelier import training
from atelier.params import Params


class TensorFlowHooks:
    """Sets the threads that a node's parameters name; other nodes never import TensorFlow."""

    @hook_impl
    def before_node_run(self, inputs: dict[str, Any]) -> None:
        """Sets TensorFlow's threads and deterministic kernels, if the node has such parameters.

        Raises:
            RuntimeError: TensorFlow already runs in this process with another number of threads.
        """
        for value in inputs.values():
            for threads in thread_counts(value):
                training.set_threads(threads)


def thread_counts(value: Any) -> Iterator[int]:
    """Yields the threads of all `MachineParams` that are or lie in a node's input."""
    if isinstance(value, training.MachineParams):
        yield value.threads
    if isinstance(value, Params):
        for _, field in value:
            yield from thread_counts(field)
