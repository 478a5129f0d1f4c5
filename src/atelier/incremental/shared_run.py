"""One run of a pipeline, by the process of the command and, where that is worth it, a helper."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from atelier.incremental.forecasts import expected_seconds, forecast
from atelier.incremental.helper import Handlers, Helper, HelperStart
from atelier.incremental.inspections import Inspections
from atelier.incremental.instructions import BEGUN, ENDED, MESSAGE
from atelier.incremental.run_steps import Outcome, StepRunner
from atelier.incremental.step_queue import MAIN, StepQueue

logger = logging.getLogger("atelier.incremental")


class HelperPlan(NamedTuple):
    """When and how a helper starts.

    Attributes:
        start: Returns its command.
        seconds: Expected time of the nodes that run, below which it does not start.
    """

    start: Callable[[], HelperStart]
    seconds: float


class SharedRun:
    """The steps of a run, in the process of the command and in a helper.

    Args:
        work: Runs steps in this process.
        inspections: Compares nodes with their records.
        pipeline: The nodes.
        manager: Calls the hooks.
        plan: When and how a helper starts; None where there must be none.
    """

    def __init__(
        self,
        work: StepRunner,
        inspections: Inspections,
        pipeline: Pipeline,
        manager: Any,
        plan: HelperPlan | None,
    ) -> None:
        self._work, self._inspections, self._manager, self._plan = work, inspections, manager, plan
        self._nodes = {node.name: node for node in pipeline.nodes}
        self._groups = [inspections.group_of(step) for step in inspections.steps]
        self._queue = StepQueue(inspections.steps, pipeline, self._groups)
        self._helper: Helper | None = None
        self._helper_node: Node | None = None
        self._group: str | None = None
        self.nodes_run, self.nodes_done = 0, 0

    def run(self) -> None:
        """Runs all steps.

        Raises:
            BaseException: The error of a node, also of one in the helper.
        """
        while (number := self._take()) is not None:
            step, self._group = self._inspections.steps[number], self._groups[number]
            self._count(self._work.take(step, before_work=lambda: self._begin_work(number)))
            self._queue.finish(number)
        if self._helper:
            self._helper.join()
            self._take()  # raises what the helper's end has told

    def stop(self, error: BaseException) -> None:
        """Stops the helper where there is one, and waits for its end.

        Args:
            error: What has stopped this process.
        """
        failed = f"{self._group} failed" if self._group else "the run failed"
        if self._helper:
            self._helper.stop(failed if isinstance(error, Exception) else "interrupted")

    def _take(self) -> int | None:
        try:
            return self._queue.take(MAIN)
        except Exception as error:
            self._manager.hook.on_helper_error(error=error, node=self._helper_node)
            raise

    def _begin_work(self, number: int) -> None:
        """Starts the helper before the first step that has to run, if there is enough to do."""
        plan, self._plan = self._plan, None
        if plan is None:
            return
        findings = forecast(self._inspections, self._inspections.steps[number:])
        groups = {self._inspections.group_of((finding.node,)) for finding in findings} - {None}
        if len(groups) < 2 or expected_seconds(findings) < plan.seconds:
            return
        logger.info("Two processes run the nodes; --params processes=1 for one.")
        handlers: Handlers = {
            BEGUN: self._note_begin,
            ENDED: self._note_end,
            MESSAGE: self._pass_on,
        }
        self._helper = Helper(plan.start(), self._queue, handlers)

    def _count(self, outcome: Outcome) -> None:
        self.nodes_done += len(outcome)
        self.nodes_run += sum(bool(reasons) for _, reasons in outcome)

    def _note_begin(self, name: str) -> None:
        self._helper_node = self._nodes[name]
        self._manager.hook.before_helper_node(node=self._helper_node)

    def _note_end(self, outcome: Outcome) -> None:
        self._helper_node = None
        self._count(outcome)
        for name, reasons in outcome:
            self._manager.hook.after_helper_node(node=self._nodes[name], reasons=reasons)

    def _pass_on(self, message: Any) -> None:
        self._manager.hook.on_helper_message(message=message)
