"""The steps of a run, which one or two processes take as their inputs get ready."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from kedro.pipeline import Pipeline

from atelier.incremental.steps import Step

MAIN, HELPER = "main", "helper"
"""The process of the command, and the one that helps it."""


class StepQueue:
    """Gives each step to one process, once the steps that make its inputs have ended.

    All steps of a group run in the process that took the first of them; steps without a group run
    in the main process. The main process takes the first step that is ready. The helper goes on
    with its groups, and else begins the last group of which a step is ready. So the main process
    keeps its order, and the two meet where their work is about equal.

    Args:
        steps: In an order in which they can run.
        pipeline: Their nodes.
        groups: The group of each step; None for a step of the main process.

    Examples:
        >>> from kedro.pipeline import Node, Pipeline
        >>> names = ["a", "b", "c"]
        >>> nodes = [Node(lambda: 1, None, name, name=name) for name in names]
        >>> queue = StepQueue([(node,) for node in nodes], Pipeline(nodes), names)
        >>> queue.take(MAIN), queue.take(HELPER), queue.take(MAIN)
        (0, 2, 1)
    """

    def __init__(
        self, steps: Sequence[Step], pipeline: Pipeline, groups: Sequence[str | None]
    ) -> None:
        numbers = {node: number for number, step in enumerate(steps) for node in step}
        parents = pipeline.node_dependencies
        self._needs = [
            {numbers[parent] for node in step for parent in parents[node]} - {number}
            for number, step in enumerate(steps)
        ]
        self._groups = groups
        self._owners: dict[str | None, str] = {None: MAIN}
        self._untaken = set(range(len(steps)))
        self._changed = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None

    def take(self, process: str) -> int | None:
        """Waits until a process can run a step, and gives it that step.

        Args:
            process: ``MAIN`` or ``HELPER``.

        Returns:
            The number of the step; None where no step is left for the process.

        Raises:
            BaseException: The main process gets the error that :meth:`fail` was given.
        """
        with self._changed:
            while True:
                if process == MAIN and self._error:
                    raise self._error
                left = [number for number in self._untaken if self._may_take(process, number)]
                if self._closed or not left:
                    return None
                if ready := [number for number in left if not self._needs[number]]:
                    return self._give(process, ready)
                self._changed.wait()

    def finish(self, number: int) -> None:
        """Notes that a step has ended, so that others may be ready."""
        with self._changed:
            for needs in self._needs:
                needs.discard(number)
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Ends the queue with an error of the helper, which the main process then raises."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def close(self) -> None:
        """Gives out no further steps."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _may_take(self, process: str, number: int) -> bool:
        return self._owners.get(self._groups[number], process) == process

    def _give(self, process: str, ready: Sequence[int]) -> int:
        number = min(ready) if process == MAIN else min(ready, key=self._order_of_helper)
        self._owners[self._groups[number]] = process
        self._untaken.remove(number)
        return number

    def _order_of_helper(self, number: int) -> tuple[bool, int, int]:
        """Returns a key by which the steps of begun groups are first, then those of the last."""
        group = self._groups[number]
        return group not in self._owners, -self._groups.index(group), number
