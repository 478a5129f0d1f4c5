"""What MLflow is told of a run: readable parameters, the command that does it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook
from pydantic import BaseModel

from atelier.commandline import command_line
from atelier.hooks.store import prepare_store, unexported
from atelier.redaction import redacted

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline


def flatten(parameters: Any, name: str = "") -> dict[str, Any]:
    """Every leaf of a parameter record under its dotted name."""
    if isinstance(parameters, BaseModel):
        parameters = parameters.model_dump()
    if not isinstance(parameters, dict):
        return {name: parameters}
    leaves: dict[str, Any] = {}
    for key, value in parameters.items():
        leaves |= flatten(value, f"{name}.{key}" if name else str(key))
    return leaves


class TrackingHooks(MlflowHook):
    """kedro-mlflow's own hooks, with typed parameters logged leaf by leaf, not as one string."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Begin with the store, once it is reached or created and has the experiment."""
        prepare_store(context)
        with unexported():
            super().after_context_created(context)

    def _log_param(self, name: str, value: Any) -> None:
        for leaf, one in flatten(value, name).items():
            super()._log_param(leaf, redacted(one, leaf))

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Begin the run; its tags repeat the command line, without secrets."""
        import mlflow

        run = redacted(run_params)
        super().before_pipeline_run(run, pipeline, catalog)
        if mlflow.active_run() is not None:  # kedro-mlflow's command leaves out some options
            leaves = flatten(run.get("runtime_params") or {})
            mlflow.set_tag("kedro_command", command_line(run, leaves))

    @hook_impl
    def on_pipeline_error(
        self,
        error: Exception,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        """Close the run as failed, where one had begun (kedro-mlflow expects that it had)."""
        import mlflow

        if mlflow.active_run() is not None:
            super().on_pipeline_error(error, run_params, pipeline, catalog)
