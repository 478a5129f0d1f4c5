"""Missing inputs stop a run before its first node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DatasetError

from atelier.configuration.command_line import command_for_pipeline, custom_conf_source
from atelier.configuration.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline


class InputHooks:
    """Tells which pipeline to run first when an input is missing."""

    _source: dict[str, str]

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Remember where the configuration is read, if not in the project."""
        self._source = custom_conf_source(context)

    @hook_impl(tryfirst=True)
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Stop before any node if something that no node of this run makes is not there.

        Raises:
            DatasetError: Names each missing dataset and the command that makes it.
        """
        missing = [
            name
            for name in sorted(pipeline.inputs())
            if not name.startswith(("params:", "parameters")) and not catalog.exists(name)
        ]
        if missing:
            run = redact(run_params | self._source)
            raise DatasetError("\n".join(_first_step(name, run) for name in missing))


def _first_step(dataset: str, run: Mapping[str, Any]) -> str:
    makers = [name for name, pipeline in pipelines.items() if dataset in pipeline.all_outputs()]
    single = [name for name in makers if name != "__default__"] or makers[:1]
    first = (
        f"Run first: {command_for_pipeline(run, single[0])}" if single else "No pipeline makes it."
    )
    return f"Expected dataset '{dataset}' to be there. Received: nothing. {first}"
