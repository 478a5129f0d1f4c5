"""The MLflow runs of a session and of its experiments, with their parameters and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kedro.framework.hooks import hook_impl
from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook
from kedro_mlflow.framework.hooks.utils import _assert_mlflow_enabled
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH
from pydantic import BaseModel

from atelier.configuration.command_line import requested_pipelines
from atelier.configuration.redaction import redact
from atelier.hooks.active_runs import FAILED, FINISHED
from atelier.hooks.descriptions import BASE, ENVIRONMENT, RunDescriptions
from atelier.hooks.experiment_page import UNFOLDED
from atelier.hooks.experiment_runs import ExperimentRuns, experiment_of
from atelier.hooks.helpers import command_of_helper
from atelier.hooks.locking import wait_for_locked_stores
from atelier.hooks.logging_switch import switch_logging
from atelier.hooks.planning import nodes_to_run
from atelier.hooks.run_names import ChangedParameters
from atelier.hooks.runners import only_explains
from atelier.hooks.session_run import SessionRun
from atelier.hooks.store import prepare_store, restore_mlflow_variables
from atelier.hooks.version_control import git_tags
from atelier.storage.processes import PROCESS, this_process

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from atelier.configuration.loader import ProjectConfigLoader
    from atelier.hooks.commands import CommandHooks

METRICS = "kedro_mlflow.io.metrics."
"""The module of kedro-mlflow's datasets for metrics."""


def flatten_parameters(parameters: Any, name: str = "") -> dict[str, Any]:
    """Returns every leaf of a parameter record by its dotted name.

    Args:
        parameters: A pydantic model, nested dictionaries, or a single value.
        name: The dotted name of the record.

    Examples:
        >>> flatten_parameters({"augmentation": {"scale": 0.1}, "epochs": 3}, "digits")
        {'digits.augmentation.scale': 0.1, 'digits.epochs': 3}
    """
    if isinstance(parameters, BaseModel):
        parameters = parameters.model_dump()
    if not isinstance(parameters, dict):
        return {name: parameters}
    leaves: dict[str, Any] = {}
    for key, value in parameters.items():
        leaves |= flatten_parameters(value, f"{name}.{key}" if name else str(key))
    return leaves


class TrackingHooks(MlflowHook):
    """kedro-mlflow's hooks with one run for each session, and below it one for each experiment.

    Typed parameters are logged leaf by leaf.

    Args:
        commands: Writes the command that repeats the run.
        descriptions: Describes each run just before it ends.
    """

    _tags: dict[str, str]
    _options: frozenset[str]
    _changed: ChangedParameters
    _node: str
    _parameters: dict[str, str]
    _reasons: list[tuple[str, str]]

    def __init__(self, commands: CommandHooks, descriptions: RunDescriptions) -> None:
        super().__init__()
        self._experiments = ExperimentRuns(before_end=descriptions.describe_experiment)
        self._run = SessionRun(self._experiments, before_end=descriptions.describe_session)
        self._commands = commands
        self._node = ""
        self._reasons, self._unchanged = [], 0
        self._parameters = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Sets up MLflow once its store is reached or created and has the experiment.

        Where the user has opened a run before, its store and experiment are used.
        """
        import mlflow

        wait_for_locked_stores()
        self._run.end_interrupted()
        if mlflow.active_run() is None:
            prepare_store(context)
        with restore_mlflow_variables():
            super().after_context_created(context)
        self._loader = cast("ProjectConfigLoader", context.config_loader)

    @hook_impl
    def after_catalog_created(
        self,
        catalog: CatalogProtocol[Any, Any],
        conf_catalog: Mapping[str, Any],
    ) -> None:
        """Names the metrics of kedro-mlflow's datasets after their entries, where there are any.

        kedro-mlflow looks at every dataset, and so imports the libraries of each.
        """
        types = {str(entry.get("type")) for entry in conf_catalog.values()}
        if any(name.startswith(METRICS) for name in types):
            super().after_catalog_created(catalog, dict(conf_catalog), {}, {}, "", {})

    def _log_param(self, name: str, value: Any) -> None:
        active = self._experiments.active
        for leaf, leaf_value in flatten_parameters(value, name).items():
            logged = leaf.removeprefix(f"{active.namespace}.") if active else leaf
            text = str(redact(leaf_value, leaf))
            if len(text) <= MAX_PARAM_VAL_LENGTH:
                self._parameters[logged] = text
            else:
                super()._log_param(logged, text)

    @hook_impl
    def before_pipeline_run(
        self,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
    ) -> None:
        """Begins the run of the session; its tags repeat the command line, without secrets."""
        self._node, self._reasons, self._unchanged = "", [], 0
        names = requested_pipelines(run_params) or ["__default__"]
        tracking = self.mlflow_config.tracking
        self._is_mlflow_enabled = not only_explains() and _assert_mlflow_enabled(
            names, self.mlflow_config
        )
        if not self._is_mlflow_enabled:
            switch_logging(pipeline, catalog, active=False)
            return
        self.long_params_strategy = tracking.params.long_params_strategy
        self._tags = run_tags(run_params, self._commands.rerun(run_params))
        self._options = frozenset(run_params)
        self._changed = ChangedParameters(run_params.get("runtime_params") or {}, self._loader)
        self._plan = nodes_to_run(
            pipeline, catalog, only_missing=run_params.get("only_missing_outputs", False)
        )
        self._experiments.plan(self._plan)
        if command := command_of_helper():
            self._run.join(command.run_id)
            return
        self._run.begin(
            run_id=tracking.run.id,
            experiment_name=tracking.experiment.name,
            name=tracking.run.name or "+".join(names),
            tags=self._tags,
        )

    @hook_impl(tryfirst=True)
    def before_dataset_loaded(self, node: Node) -> None:
        """Makes the run of the node's experiment the active one, for what loading logs."""
        self._enter(node)

    @hook_impl(tryfirst=True)
    def before_node_run(
        self,
        node: Node,
        catalog: CatalogProtocol[Any, Any],
        inputs: dict[str, Any],
        is_async: bool,  # noqa: FBT001  (Kedro's signature)
    ) -> None:
        """Logs the node's parameters, all at once.

        Args:
            node: The node that begins.
            catalog: The datasets of the session.
            inputs: The node's inputs by name.
            is_async: Whether the runner loads and saves in threads.

        Raises:
            RuntimeError: If the runner runs nodes in threads, which do not know the run.
        """
        import mlflow

        if self._is_mlflow_enabled and mlflow.active_run() is None:
            raise RuntimeError(
                f"Expected {node.name} in the session's own thread, which has the MLflow run. "
                "Received: another thread. Take a runner without threads, such as SequentialRunner"
            )
        self._enter(node)
        self._parameters = {}
        super().before_node_run(node, catalog, inputs, is_async)
        if self._parameters:
            mlflow.log_params(self._parameters)  # by one transaction

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Counts the node; its experiment ends once the last outputs are saved."""
        self._experiments.count(node)

    @hook_impl
    def before_node_rerun(self, node: Node, reasons: Sequence[str]) -> None:
        """Notes why the node runs."""
        self._reasons += [(node.name, str(redact(reason))) for reason in reasons]

    @hook_impl
    def after_node_skipped(self, node: Node) -> None:
        """Counts a node that is unchanged; its experiment waits for it no longer."""
        self._unchanged += 1
        self._experiments.count(node)

    @hook_impl
    def after_helper_node(self, node: Node, reasons: Sequence[str]) -> None:
        """Notes why a node of the second process has run, or counts it as unchanged."""
        self._reasons += [(node.name, str(redact(reason))) for reason in reasons]
        self._unchanged += not reasons

    @hook_impl
    def on_helper_error(self, node: Node | None) -> None:
        """Notes the node that has failed in the second process: the runs of this one have not."""
        self._node = node.name if node else ""
        self._experiments.fail_elsewhere(experiment_of(node) if node else None)

    @hook_impl
    def on_run_interrupted(self, error: BaseException) -> None:
        """Notes why the command has stopped this process, where it is a helper."""
        if command_of_helper():
            self._run.note_reason(str(error))

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Ends the runs."""
        self._end(FINISHED)
        self._restore_logging(pipeline, catalog)

    @hook_impl
    def on_pipeline_error(
        self, error: Exception, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]
    ) -> None:
        """Ends the run of the experiment that failed as failed, and the session's.

        Experiments that had not ended are marked as killed.

        Args:
            error: Becomes the reason of the failed runs, without secrets.
            pipeline: The nodes of the session.
            catalog: The datasets of the session.
        """
        words = [self._node, type(error).__name__, str(error)]
        self._end(FAILED, str(redact(": ".join(filter(None, words)))))
        self._restore_logging(pipeline, catalog)

    def _enter(self, node: Node) -> None:
        """Makes the run of a node's experiment active; ends runs whose last node has ended."""
        experiment = experiment_of(node)
        self._node = node.name
        if not self._is_mlflow_enabled or (experiment and experiment == self._experiments.active):
            return
        self._end_completed()
        name, tags = "", self._tags
        if experiment:
            nodes = [item for item in self._plan if experiment_of(item) == experiment]
            name = self._changed.run_name(experiment.name, nodes)
            shared = {name: text for name, text in tags.items() if name not in self._options}
            tags = shared | experiment.tags | UNFOLDED
        self._experiments.enter(node, name, tags)

    def _end_completed(self) -> None:
        for experiment in self._experiments.completed():
            self._experiments.end(experiment, FINISHED)

    def _end(self, status: str, reason: str = "") -> None:
        if status == FINISHED:
            self._end_completed()
        self._run.log_reasons(self._reasons, self._unchanged)
        self._run.end(status, reason)

    def _restore_logging(self, pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
        """Switches on again what an untracked session has switched off."""
        if not self._is_mlflow_enabled:
            switch_logging(pipeline, catalog, active=True)


def run_tags(run_params: Mapping[str, Any], command: str) -> dict[str, str]:
    """Returns the tags of a run: Kedro's options, the command, the process, the source code.

    Args:
        run_params: Kedro's record of the run, as its hooks get it.
        command: The command that repeats the run.
    """
    options = {name: str(value) for name, value in redact(run_params).items() if value}
    identity = {"kedro_command": command, PROCESS: this_process()}
    environment = {ENVIRONMENT: run_params.get("env") or BASE}
    return options | identity | environment | git_tags(Path(run_params["project_path"]))
