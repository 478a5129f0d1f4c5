"""The runner of a helper process, which runs the steps that the command gives it."""

from __future__ import annotations

import logging
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from atelier.incremental.configuration import current_configuration
from atelier.incremental.hook_specifications import add_hooks
from atelier.incremental.inspections import Inspections
from atelier.incremental.instructions import BEGUN, ENDED, current_instructions
from atelier.incremental.run_steps import StepRunner, node_logger
from atelier.incremental.runner import IncrementalRunner


class HelperRunner(IncrementalRunner):
    """Runs single steps of the command's pipeline, as they come, and tells of each."""

    @property
    def _logger(self) -> logging.Logger:
        """Kedro's lines about the run go where those of the command go."""
        return node_logger

    def _run(
        self,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        hook_manager: Any = None,
        run_id: str | None = None,
    ) -> None:
        """Runs the steps, as :meth:`IncrementalRunner._run` does.

        Raises:
            RuntimeError: If this process is no helper.
        """
        instructions = current_instructions()
        if instructions is None:
            raise RuntimeError("Expected a process that helps a command. Received: another one")
        inspections = Inspections(current_configuration(), pipeline, catalog, force=self.force)
        add_hooks(hook_manager)
        run = StepRunner(self, inspections, pipeline, catalog, hook_manager, run_id)
        try:
            for number in instructions.numbers():
                step = inspections.steps[number]
                instructions.tell(BEGUN, step[0].name)
                instructions.tell(ENDED, run.take(step))
        except SystemExit as error:
            hook_manager.hook.on_run_interrupted(error=error, pipeline=pipeline, catalog=catalog)
            raise
