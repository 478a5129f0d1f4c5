"""A runner that leaves out the nodes whose outputs would be the same."""

from __future__ import annotations

import logging
from typing import Any

from kedro.framework.hooks.manager import _NullPluginManager
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner

from atelier.incremental.configuration import (
    Configuration,
    check_processes,
    current_configuration,
)
from atelier.incremental.forecasts import forecast
from atelier.incremental.hook_specifications import add_hooks
from atelier.incremental.inspections import Inspections
from atelier.incremental.reasons import join_reasons
from atelier.incremental.run_steps import StepRunner
from atelier.incremental.shared_run import HelperPlan, SharedRun

logger = logging.getLogger("atelier.incremental")

WORTH_SECONDS = 60.0
"""Expected time of all nodes from which a second process starts, unless it is asked for."""


class IncrementalRunner(SequentialRunner):
    """Runs the nodes of a pipeline, but for those that are unchanged.

    A node is unchanged where everything that decides its outputs is as its record says, and the
    outputs exist as the node wrote them.

    Args:
        is_async: Whether inputs and outputs are loaded and saved in threads.
        force: Runs all nodes.
        explain: Says which nodes would run and why, and runs none.
        processes: How many processes run nodes at once, 1 or 2; by default what the project says,
            and one where the nodes are expected to take less than a minute.
        configuration: What the project tells about itself; by default what it has set by
            :func:`atelier.incremental.configure`.

    Raises:
        ValueError: If `force` or `explain` is neither true nor false, or `processes` not 1 or 2.

    Examples:
        $ kedro run --runner atelier.incremental.IncrementalRunner --runner-params explain=true
    """

    def __init__(
        self,
        is_async: bool = False,  # noqa: FBT001, FBT002  (Kedro's signature)
        *,
        force: bool = False,
        explain: bool = False,
        processes: int | None = None,
        configuration: Configuration | None = None,
    ) -> None:
        super().__init__(is_async=is_async)
        for name, value in {"force": force, "explain": explain}.items():
            if not isinstance(value, bool):
                raise ValueError(  # noqa: TRY004  (the value of an option, for whoever gives it)
                    f"Expected {name}=true or {name}=false. Received: {name}={value}"
                )
        if processes is not None:
            check_processes(processes)
        self.force, self.explain, self.processes = force, explain, processes
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
        work = StepRunner(self, inspections, pipeline, catalog, manager, run_id)
        manager.hook.before_steps(seconds=inspections.recorded_seconds())
        run = SharedRun(work, inspections, pipeline, manager, self._plan(configuration))
        try:
            run.run()
        except Exception as error:
            run.stop(error)
            _advise_to_go_on(run.nodes_done)
            raise
        except (KeyboardInterrupt, SystemExit) as error:
            run.stop(error)
            manager.hook.on_run_interrupted(error=error, pipeline=pipeline, catalog=catalog)
            raise
        _summarize(run.nodes_done - run.nodes_run, run.nodes_done)

    def _plan(self, configuration: Configuration) -> HelperPlan | None:
        """Returns when and how a second process starts; None where there must be none."""
        processes = configuration.processes if self.processes is None else self.processes
        if processes == 1 or configuration.helper is None:
            return None
        return HelperPlan(configuration.helper, WORTH_SECONDS if self.processes is None else 0)


def _explain(inspections: Inspections) -> None:
    """Says which nodes would run, if every node that runs changes its outputs."""
    findings = forecast(inspections, inspections.steps)
    for finding in findings:
        logger.info("%s: %s", finding.node.name, join_reasons(finding.reasons))
    total = sum(map(len, inspections.steps))
    logger.info("%d of %d nodes would run; none has run.", len(findings), total)


def _summarize(skipped: int, total: int) -> None:
    if skipped == total:
        logger.info("Nothing to do: %d nodes unchanged.", total)
    elif skipped:
        logger.info("%d nodes run, %d unchanged.", total - skipped, skipped)


def _advise_to_go_on(done: int) -> None:
    if done:
        logger.info("The same command goes on here: it leaves out the %d nodes before.", done)
