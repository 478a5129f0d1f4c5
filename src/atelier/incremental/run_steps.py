"""Runs steps, or leaves them out where they are unchanged."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.runner.task import Task

from atelier.incremental.inspections import Finding, Inspections
from atelier.incremental.reasons import NOT_RECORDED, join_reasons
from atelier.incremental.steps import Step

if TYPE_CHECKING:
    from kedro.runner import AbstractRunner

NODES = "atelier.incremental.runner"
"""The logger of the lines that name each node, and of Kedro's own lines about the run."""
node_logger = logging.getLogger(NODES)

Outcome = list[tuple[str, tuple[str, ...]]]
"""Names of nodes, with the reasons why each ran; none for a node that was left out."""


class StepRunner:
    """Runs the steps of one run, one after the other.

    Args:
        runner: Whose methods release datasets.
        inspections: Compares nodes with their records.
        pipeline: The nodes.
        catalog: Their datasets.
        manager: Calls the hooks.
        run_id: The id of Kedro's session.
    """

    def __init__(
        self,
        runner: AbstractRunner,
        inspections: Inspections,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        manager: Any,
        run_id: str | None,
    ) -> None:
        self._runner, self._inspections = runner, inspections
        self._pipeline, self._catalog = pipeline, catalog
        self._manager, self._run_id = manager, run_id
        self._load_counts = Counter(chain.from_iterable(node.inputs for node in pipeline.nodes))

    def take(self, step: Step, before_work: Callable[[], None] = lambda: None) -> Outcome:
        """Runs a step, or skips it where it is unchanged.

        While it runs, no other process runs it. Where another one has just done so, the step is
        unchanged by then.

        Args:
            step: The nodes.
            before_work: Is called where the step has to run.
        """
        findings = self._inspections.inspect(step)
        if not has_reasons(findings):
            return self._skip(findings)
        before_work()
        with self._inspections.records.locked([node.name for node in step]):
            findings = self._inspections.inspect(step)
            if has_reasons(findings):
                return self._execute(findings)
        return self._skip(findings)

    def _skip(self, findings: Sequence[Finding]) -> Outcome:
        for finding in findings:
            self._inspections.refresh(finding)
            node_logger.debug("%s: unchanged", finding.node.name)
            self._manager.hook.after_node_skipped(node=finding.node, catalog=self._catalog)
            self._finish(finding.node)
        return [(finding.node.name, ()) for finding in findings]

    def _execute(self, findings: Sequence[Finding]) -> Outcome:
        """Runs the nodes of a step. Without records first, so that none outlives its outputs."""
        for finding in findings:
            self._inspections.records.remove(finding.node.name)
        seconds = [self._execute_node(finding) for finding in findings]
        for finding, duration in zip(findings, seconds, strict=True):
            self._inspections.record(finding, duration)
        return [(finding.node.name, finding.reasons) for finding in findings]

    def _execute_node(self, finding: Finding) -> float:
        """Runs a node and returns the seconds that it took."""
        node, reasons, code = finding.node, finding.reasons, finding.facts.code_digest
        node_logger.info("%s%s", node.name, _told(reasons))
        started = time.monotonic()
        self._manager.hook.before_node_rerun(node=node, reasons=reasons, code=code)
        Task(
            node=node,
            catalog=self._catalog,
            hook_manager=self._manager,
            is_async=self._runner._is_async,
            run_id=self._run_id,
        ).execute()
        self._finish(node)
        return time.monotonic() - started

    def _finish(self, node: Node) -> None:
        self._runner._release_datasets(node, self._catalog, self._load_counts, self._pipeline)


def _told(reasons: Sequence[str]) -> str:
    """Returns the reasons after a name; nothing is to be told of a node that never ran."""
    return " …" if list(reasons) == [NOT_RECORDED] else f": {join_reasons(reasons)}"


def has_reasons(findings: Iterable[Finding]) -> bool:
    """Returns whether nodes must run."""
    return any(finding.reasons for finding in findings)
