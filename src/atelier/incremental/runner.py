"""A runner that leaves out the nodes whose outputs would be the same."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from kedro.framework.hooks.manager import _NullPluginManager
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node
from kedro.runner import SequentialRunner
from kedro.runner.task import Task

from atelier.incremental.configuration import Configuration, current_configuration
from atelier.incremental.hook_specifications import add_hooks
from atelier.incremental.inspections import Finding, Inspections, file_name
from atelier.incremental.reasons import NOT_RECORDED, join_reasons
from atelier.incremental.steps import Step

logger = logging.getLogger("atelier.incremental")
NODES = __name__
"""The logger of the lines that name each node, and of Kedro's own lines about the run."""
node_logger = logging.getLogger(NODES)


class IncrementalRunner(SequentialRunner):
    """Runs the nodes of a pipeline one after the other, but for those that are unchanged.

    A node is unchanged where everything that decides its outputs is as its record says, and the
    outputs exist as the node wrote them.

    Args:
        is_async: Whether inputs and outputs are loaded and saved in threads.
        force: Runs all nodes.
        explain: Says which nodes would run and why, and runs none.
        configuration: What the project tells about itself; by default what it has set by
            :func:`atelier.incremental.configure`.

    Raises:
        ValueError: If `force` or `explain` is neither true nor false.

    Examples:
        $ kedro run --runner atelier.incremental.IncrementalRunner --runner-params explain=true
    """

    def __init__(
        self,
        is_async: bool = False,  # noqa: FBT001, FBT002  (Kedro's signature)
        *,
        force: bool = False,
        explain: bool = False,
        configuration: Configuration | None = None,
    ) -> None:
        super().__init__(is_async=is_async)
        for name, value in {"force": force, "explain": explain}.items():
            if not isinstance(value, bool):
                raise ValueError(  # noqa: TRY004  (the value of an option, for whoever gives it)
                    f"Expected {name}=true or {name}=false. Received: {name}={value}"
                )
        self.force, self.explain = force, explain
        self._configuration = configuration

    def _run(
        self,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        hook_manager: Any = None,
        run_id: str | None = None,
    ) -> None:
        """Runs the nodes that have changed.

        Args:
            pipeline: The nodes.
            catalog: Their datasets.
            hook_manager: Calls the hooks.
            run_id: The id of Kedro's session.
        """
        configuration = self._configuration or current_configuration()
        inspections = Inspections(configuration, pipeline, catalog, force=self.force)
        if self.explain:
            _explain(inspections)
            return
        manager = hook_manager or _NullPluginManager()
        add_hooks(manager)
        inspections.prepare()
        run = _Run(self, inspections, pipeline, catalog, manager, run_id)
        manager.hook.before_steps(seconds=inspections.recorded_seconds())
        try:
            for step in inspections.steps:
                run.take(step)
        except Exception:
            _advise_to_go_on(len(run.done))
            raise
        except (KeyboardInterrupt, SystemExit) as error:
            manager.hook.on_run_interrupted(error=error, pipeline=pipeline, catalog=catalog)
            raise
        _summarize(len(run.done) - run.nodes_run, len(run.done))


class _Run:
    """The steps of one run.

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
        runner: IncrementalRunner,
        inspections: Inspections,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        manager: Any,
        run_id: str | None,
    ) -> None:
        self.done: list[Node] = []
        self.nodes_run = 0
        self._runner, self._inspections = runner, inspections
        self._pipeline, self._catalog = pipeline, catalog
        self._manager, self._run_id = manager, run_id
        self._load_counts = Counter(chain.from_iterable(node.inputs for node in pipeline.nodes))

    def take(self, step: Step) -> None:
        """Runs a step, or skips it where it is unchanged.

        While it runs, no other process runs it. Where another one has just done so, the step is
        unchanged by then.
        """
        findings = self._inspections.inspect(step)
        if not _reasons(findings):
            self._skip(findings)
            return
        with self._inspections.records.locked([node.name for node in step]):
            findings = self._inspections.inspect(step)
            if _reasons(findings):
                self._execute(findings)
                return
        self._skip(findings)

    def _skip(self, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self._inspections.refresh(finding)
            node_logger.debug("%s: unchanged", finding.node.name)
            self._manager.hook.after_node_skipped(node=finding.node, catalog=self._catalog)
            self._finish(finding.node)

    def _execute(self, findings: Sequence[Finding]) -> None:
        """Runs the nodes of a step. Without records first, so that none outlives its outputs."""
        for finding in findings:
            self._inspections.records.remove(finding.node.name)
        seconds = [self._execute_node(finding) for finding in findings]
        for finding, duration in zip(findings, seconds, strict=True):
            self._inspections.record(finding, duration)

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
        self.nodes_run += 1
        self._finish(node)
        return time.monotonic() - started

    def _finish(self, node: Node) -> None:
        self.done.append(node)
        self._runner._release_datasets(node, self._catalog, self._load_counts, self._pipeline)


@dataclass
class _Forecast:
    """What would run.

    Attributes:
        nodes: How many nodes would run.
        datasets: What they would make.
    """

    nodes: int
    datasets: set[str]


def _explain(inspections: Inspections) -> None:
    """Says which nodes would run, if every node that runs changes its outputs."""
    forecast = _Forecast(0, set())
    for step in inspections.steps:
        for finding in inspections.inspect(step, forecast.datasets):
            if finding.reasons:
                forecast.nodes += 1
                forecast.datasets |= set(map(file_name, finding.node.outputs))
                logger.info("%s: %s", finding.node.name, join_reasons(finding.reasons))
    total = sum(map(len, inspections.steps))
    logger.info("%d of %d nodes would run; none has run.", forecast.nodes, total)


def _summarize(skipped: int, total: int) -> None:
    if skipped == total:
        logger.info("Nothing to do: %d nodes unchanged.", total)
    elif skipped:
        logger.info("%d nodes run, %d unchanged.", total - skipped, skipped)


def _advise_to_go_on(done: int) -> None:
    if done:
        logger.info("The same command goes on here: it leaves out the %d nodes before.", done)


def _told(reasons: Sequence[str]) -> str:
    """Returns the reasons after a name; nothing is to be told of a node that never ran."""
    return " …" if list(reasons) == [NOT_RECORDED] else f": {join_reasons(reasons)}"


def _reasons(findings: Iterable[Finding]) -> bool:
    return any(finding.reasons for finding in findings)
