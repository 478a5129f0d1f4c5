"""Missing inputs stop a run before its first node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DatasetError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline

    from atelier.hooks.commands import CommandHooks


class InputHooks:
    """Stops a run whose inputs are missing, and names the pipeline to run first.

    Args:
        commands: Writes the command of that pipeline.
    """

    def __init__(self, commands: CommandHooks) -> None:
        self._commands = commands

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Checks that every input exists that no node of this run makes.

        Args:
            run_params: Kedro's record of the run.
            pipeline: The nodes that are to run.
            catalog: The datasets of the session.

        Raises:
            DatasetError: If a dataset is missing. The message names each of them and the command
                that makes it.
        """
        missing = [
            name
            for name in sorted(pipeline.inputs())
            if not name.startswith(("params:", "parameters")) and not catalog.exists(name)
        ]
        if missing:
            raise DatasetError("\n".join(self._describe(name, run_params) for name in missing))

    def _describe(self, dataset: str, run_params: Mapping[str, Any]) -> str:
        makers = [name for name, pipeline in pipelines.items() if dataset in pipeline.all_outputs()]
        single = [name for name in makers if name != "__default__"] or makers[:1]
        advice = "No pipeline makes it."
        if single:
            advice = f"Run first: {self._commands.run_first(run_params, single[0])}"
        return f"Expected dataset '{dataset}' to be there. Received: nothing. {advice}"
