"""What MLflow is told of a run: readable parameters, the command that does it again."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook
from pydantic import BaseModel

from atelier.commandline import command_line, given_options, other_source
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


def see_server(uri: str) -> None:
    """Look whether somebody answers, where MLflow would try for minutes.

    Raises:
        ConnectionError: Nobody does.
    """
    if not uri.startswith("http"):
        return
    try:
        urllib.request.urlopen(f"{uri}/health", timeout=10).close()
    except urllib.error.HTTPError:
        return  # an answer, if of another kind of server
    except OSError as error:
        raise ConnectionError(
            f"Expected an MLflow server at {redacted(uri)}, as conf/ or MLFLOW_TRACKING_URI says. "
            f"Received: {error}. docs/cluster.md tells how to start one"
        ) from None


def make_experiment(uri: str, *, name: str, create_experiment_kwargs: dict[str, Any]) -> None:
    """Create the experiment if there is none, also where others do so at the same moment.

    Who loses that race, kedro-mlflow lets fail and ``mlflow.set_experiment`` sends to "Default".
    """
    import mlflow

    client = mlflow.MlflowClient(uri)
    if client.get_experiment_by_name(name) is None:
        try:
            client.create_experiment(name, **create_experiment_kwargs)
        except mlflow.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


class TrackingHooks(MlflowHook):
    """kedro-mlflow's own hooks, with typed parameters logged leaf by leaf, not as one string."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Begin with the store, after a look whether it is there and has the experiment."""
        config = context.config_loader["mlflow"]
        uri = config["server"]["mlflow_tracking_uri"]
        see_server(uri)
        make_experiment(uri, **config["tracking"]["experiment"])
        super().after_context_created(context)
        self._source = other_source(context)

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
            told = run | redacted(self._source | given_options())
            mlflow.set_tag("kedro_command", command_line(told, run.get("runtime_params") or {}))

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
