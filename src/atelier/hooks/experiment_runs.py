"""The MLflow runs of experiments: one for each namespace, below the run of the command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

UNTRACKED = "untracked"
"""The tag of nodes that have no run."""
FINISHED, FAILED, KILLED, RUNNING = "FINISHED", "FAILED", "KILLED", "RUNNING"
"""MLflow's statuses of a run."""
PIPELINE, NAMESPACE = "pipeline", "namespace"
"""Tags of a run: the pipeline, and the first part of its datasets' names."""


@dataclass(frozen=True)
class Experiment:
    """A pipeline in one namespace, such as the training on digits.

    Attributes:
        pipeline: The pipeline's name.
        namespace: The first part of the names of its datasets; the pipeline's where it has one.
    """

    pipeline: str
    namespace: str

    @property
    def name(self) -> str:
        """The name for people: ``train · digits``, or ``sweep`` where both parts are equal."""
        return " · ".join(dict.fromkeys((self.pipeline, self.namespace)))

    @property
    def tags(self) -> dict[str, str]:
        """The tags by which runs of the experiment are found."""
        return {PIPELINE: self.pipeline, NAMESPACE: self.namespace}


def experiment_of(node: Node) -> Experiment | None:
    """Returns the experiment to which a node belongs; None for a node that has no run.

    Args:
        node: Its namespace is ``<pipeline>`` or ``<pipeline>.<namespace>``.
    """
    if node.namespace is None or UNTRACKED in node.tags:
        return None
    parts = node.namespace.split(".")
    return Experiment(parts[0], parts[-1])


class ExperimentRuns:
    """Makes the run of each node's experiment the active one, and ends it after its last node.

    Nodes of several experiments may take turns: a run stays open, and is active while its nodes
    run. It begins with its first node and ends with its last one.

    Args:
        before_end: Gets experiment, id and status of each run that is about to end.
    """

    def __init__(self, before_end: Callable[[Experiment, str, str], None] | None = None) -> None:
        self._before_end = before_end
        self._remaining: Counter[Experiment] = Counter()
        self._ids: dict[Experiment, str] = {}
        self._active: Experiment | None = None

    def plan(self, pipeline: Pipeline) -> None:
        """Notes how many nodes each experiment has in the session's pipeline."""
        experiments = map(experiment_of, pipeline.nodes)
        self._remaining = Counter(item for item in experiments if item)
        self._ids, self._active = {}, None

    @property
    def active(self) -> Experiment | None:
        """The experiment whose run is active."""
        return self._active

    @property
    def ids(self) -> dict[Experiment, str]:
        """The ids of the runs that have begun, by experiment."""
        return dict(self._ids)

    def enter(self, node: Node, name: str, tags: Mapping[str, str]) -> bool:
        """Makes the run of a node's experiment the active one.

        Args:
            node: The node that begins.
            name: The run's name, if it begins now.
            tags: The run's tags, if it begins now.

        Returns:
            Whether the run has begun now.
        """
        import mlflow

        experiment = experiment_of(node)
        if experiment == self._active:
            return False
        self._suspend()
        self._active = experiment
        if experiment is None:
            return False
        parent = mlflow.active_run()
        known = self._ids.get(experiment)
        run = mlflow.start_run(
            run_id=known,
            experiment_id=parent.info.experiment_id if parent else None,
            run_name=name,
            nested=True,
            tags=None if known else dict(tags),
        )
        self._ids[experiment] = run.info.run_id
        return known is None

    def count(self, node: Node) -> None:
        """Notes that a node has run; its outputs are saved after this."""
        if experiment := experiment_of(node):
            self._remaining[experiment] -= 1

    def completed(self) -> list[Experiment]:
        """Returns the experiments whose nodes have all run and whose runs are still open."""
        return [item for item in self._ids if not self._remaining[item]]

    def end(self, experiment: Experiment, status: str) -> None:
        """Ends the run of an experiment.

        Args:
            experiment: One that has begun and has not ended.
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.
        """
        import mlflow

        run_id = self._ids.pop(experiment)
        if self._before_end:
            self._before_end(experiment, run_id, status)
        if experiment == self._active:
            mlflow.end_run(status)
            self._active = None
        else:
            mlflow.MlflowClient().set_terminated(run_id, status)

    def end_all(self, active: str, others: str) -> None:
        """Ends the open runs of a session that has failed or was interrupted.

        Args:
            active: The status of the run whose node was running.
            others: The status of runs whose nodes have not all run.
        """
        for experiment in list(self._ids):
            done = not self._remaining[experiment] and experiment != self._active
            status = FINISHED if done else active if experiment == self._active else others
            self.end(experiment, status)

    def _suspend(self) -> None:
        """Takes the active run from MLflow's stack; it stays open."""
        import mlflow

        if self._active is not None:
            mlflow.end_run(RUNNING)
        self._active = None
