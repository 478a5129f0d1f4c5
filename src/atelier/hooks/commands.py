"""The commands that messages and records name: to repeat a run, to make a missing input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from atelier.configuration.command_line import (
    cli_only_options,
    command_for_pipeline,
    command_line,
    custom_conf_source,
    rerun_switches,
)
from atelier.configuration.redaction import redact

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext


class CommandHooks:
    """Remembers which configuration a session reads, and writes commands that read it too.

    Kedro tells its hooks the options of a run without ``--conf-source``. The hooks that show or
    store a command share one object of this class.
    """

    def __init__(self) -> None:
        self._source: dict[str, str] = {}

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Remembers the folder of the configuration where it is not the project's own."""
        self._source = custom_conf_source(context)

    def rerun(self, run_params: Mapping[str, Any]) -> str:
        """Returns the command that repeats a run, without secrets.

        Args:
            run_params: Kedro's record of the run, as its hooks get it.
        """
        run = redact({**run_params, **self._source, **cli_only_options()})
        return command_line(run, {**(run.get("runtime_params") or {}), **rerun_switches()})

    def run_first(self, run_params: Mapping[str, Any], pipeline: str) -> str:
        """Returns the command that runs another pipeline on the data of a run, without secrets.

        Args:
            run_params: Kedro's record of the run, as its hooks get it.
            pipeline: Name of the pipeline that makes what the run lacks.
        """
        return command_for_pipeline(redact({**run_params, **self._source}), pipeline)
