"""What happens around a run: readable parameters in MLflow, no run left open, a word at the end."""

from __future__ import annotations

import atexit
import logging
import os
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.io import DatasetError
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook
from pydantic import BaseModel

from atelier.commandline import command_line
from atelier.redaction import RedactingFilter, redacted

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)

PROCESS = "atelier.process"
"""The tag that tells whose run it is: host, process number and the process's time of birth."""


def this_process() -> str:
    """Host, number and time of birth of this process: unlike a number alone, never used again."""
    process = psutil.Process()
    return f"{socket.gethostname()}/{process.pid}/{process.create_time():.2f}"


def is_dead(process: str) -> bool:
    """Whether a process of this host has ended; False for other hosts, of which we know nothing."""
    host, number, born = process.split("/")
    if host != socket.gethostname():
        return False
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" != born
    except psutil.NoSuchProcess:
        return True


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


class ShortHooks:
    """``--params NAME=…`` without a dot is a short name that the configuration asks for."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Put short names under ``short``: Kedro lays them over the parameters, where ``style=…``
        would replace the whole group of that name.
        """
        loader = context.config_loader
        given = loader.runtime_params or {}
        groups = {name: value for name, value in given.items() if isinstance(value, dict)}
        short = {name: value for name, value in given.items() if name not in groups}
        loader.runtime_params = groups | ({"short": short} if short else {})


class SecretHooks:
    """Keeps secrets out of the log."""

    @hook_impl
    def after_context_created(self) -> None:
        """Every handler of the root logger lets messages pass without them."""
        for handler in logging.getLogger().handlers:
            if not any(isinstance(one, RedactingFilter) for one in handler.filters):
                handler.addFilter(RedactingFilter())


class LabHooks:
    """Lets the report see the whole catalog."""

    @hook_impl
    def after_catalog_created(self, catalog: CatalogProtocol[Any, Any]) -> None:
        """Tell the lab, where there is one, of what it is part."""
        if "report.lab" in catalog:
            catalog["report.lab"].belongs_to(catalog)


class InputHooks:
    """Tells which pipeline to run first when an input is missing."""

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Stop before any node if something that no node of this run makes is not there.

        Raises:
            DatasetError: Names each missing dataset and the pipeline that makes it.
        """
        missing = [
            name
            for name in sorted(pipeline.inputs())
            if not name.startswith(("params:", "parameters")) and not catalog.exists(name)
        ]
        if missing:
            raise DatasetError("\n".join(map(_first_step, missing)))


def _first_step(dataset: str) -> str:
    makers = [name for name, pipeline in pipelines.items() if dataset in pipeline.all_outputs()]
    single = [f" --pipeline {name}" for name in makers if name != "__default__"]
    first = f"Run first: kedro run{[*single, ''][0]}" if makers else "No pipeline makes it."
    return f"Expected dataset '{dataset}' to be there. Received: nothing. {first}"


class RunHooks:
    """Marks whose run it is, and closes runs whose process was interrupted or killed."""

    @hook_impl(trylast=True)
    def before_pipeline_run(self) -> None:
        """Close what dead processes left open, then sign this run."""
        import mlflow

        run = mlflow.active_run()
        if run is None:
            return
        client = mlflow.MlflowClient()
        experiments = [one.experiment_id for one in client.search_experiments()]
        for left in client.search_runs(experiments, "status = 'RUNNING'"):
            if is_dead(left.data.tags.get(PROCESS, this_process())):
                client.set_terminated(left.info.run_id, "KILLED")
                logger.warning("run %s was killed: marked so", left.info.run_id)
        mlflow.set_tag(PROCESS, this_process())
        atexit.register(_close_as_killed, run.info.run_id, os.getpid())

    @hook_impl
    def after_pipeline_run(self) -> None:
        """The run has ended by itself: nothing is left to close."""
        atexit.unregister(_close_as_killed)


def _close_as_killed(run_id: str, process: int) -> None:
    """End a run that is still open when its process ends: Ctrl-C reaches no hook of Kedro.

    MLflow's own handler, which comes next, would call every run that is still on its stack
    finished; and one run can stand there more than once.
    """
    import mlflow

    while (run := mlflow.active_run()) and os.getpid() == process:
        mlflow.end_run("KILLED" if run.info.run_id == run_id else "FINISHED")


class GuideHooks:
    """Says what begins, and at the end where to look."""

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Name the node that begins."""
        logger.info("%s …", node.name)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Name the report, the commands that open MLflow and Kedro-Viz, where the figures are."""
        if "report.page" in pipeline.outputs():
            page = Path(catalog["report.page"]._filepath).absolute().as_uri()
            logger.info("The record of all experiments, to open in a browser:\n  %s", page)
        figures = [name for name in pipeline.all_outputs() if name.endswith("_figure")]
        logger.info(
            "Done. Look at it:\n"
            "  make ui    runs, metrics, pictures and models in MLflow\n"
            "             (mlflow ui)\n"
            "  make viz   the pipelines as a graph (kedro viz)\n"
            "  figures    data/08_reporting/ (%d from this run)",
            len(figures),
        )
