"""The MLflow runs of experiments: one for each namespace, below the run of the command."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from atelier.hooks.active_runs import (
    FAILED,
    FINISHED,
    KILLED,
    active_runs,
    end_active_run,
    remove_active_run,
    start_below_active_run,
    without_links,
)

if TYPE_CHECKING:
    from kedro.pipeline.node import Node

UNTRACKED = "untracked"
"""The tag of nodes that have no run."""
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
        before_end: Gets experiment, id, status and seconds of each run that is about to end.
    """

    def __init__(
        self, before_end: Callable[[Experiment, str, str, float], None] | None = None
    ) -> None:
        self._before_end = before_end
        self._remaining: Counter[Experiment] = Counter()
        self._open: dict[Experiment, Any] = {}
        self._seconds: dict[Experiment, float] = {}
        self._active: Experiment | None = None
        self._since = 0.0
        self._failed_elsewhere: Experiment | None = None

    def plan(self, nodes: Iterable[Node]) -> None:
        """Counts the nodes of each experiment in the session.

        Args:
            nodes: Those that will run.
        """
        self._remaining = Counter(item for item in map(experiment_of, nodes) if item)
        self._open, self._seconds, self._active = {}, {}, None
        self._failed_elsewhere = None

    @property
    def active(self) -> Experiment | None:
        """The experiment whose run is active."""
        return self._active

    @property
    def ids(self) -> dict[Experiment, str]:
        """The ids of the open runs by experiment."""
        return {experiment: run.info.run_id for experiment, run in self._open.items()}

    def seconds(self, experiment: Experiment) -> float:
        """Returns how long an experiment's nodes have run: without the nodes between them.

        Args:
            experiment: One that has begun; it may have ended.
        """
        running = time.monotonic() - self._since if experiment == self._active else 0.0
        return self._seconds.get(experiment, 0.0) + running

    def enter(self, node: Node, name: str, tags: Mapping[str, str]) -> bool:
        """Makes the run of a node's experiment the active one.

        Args:
            node: The node that begins.
            name: The run's name, if it begins now.
            tags: The run's tags, if it begins now.

        Returns:
            Whether the run has begun now.
        """
        experiment = experiment_of(node)
        if experiment == self._active:
            return False
        self._leave()
        if experiment is None:
            return False
        begins = experiment not in self._open
        if begins:
            self._open[experiment] = start_below_active_run(name, tags)
        else:
            active_runs().append(self._open[experiment])
        self._active, self._since = experiment, time.monotonic()
        return begins

    def count(self, node: Node) -> None:
        """Notes that a node has run; its outputs are saved after this."""
        if experiment := experiment_of(node):
            self._remaining[experiment] -= 1

    def completed(self) -> list[Experiment]:
        """Returns the experiments whose nodes have all run and whose runs are still open."""
        return [item for item in self._open if not self._remaining[item]]

    def end(self, experiment: Experiment, status: str, reason: str = "") -> None:
        """Ends the run of an experiment.

        Args:
            experiment: One that has begun and has not ended.
            status: ``FINISHED``, ``FAILED`` or ``KILLED``.
            reason: Why it did not finish.
        """
        if experiment == self._active:
            self._leave()
        run = self._open.pop(experiment)
        active_runs().append(run)
        try:
            if self._before_end:
                self._before_end(experiment, run.info.run_id, status, self.seconds(experiment))
        finally:
            with without_links():
                end_active_run(status, reason)

    def end_all(self, status: str, reason: str = "") -> None:
        """Ends the open runs of a session.

        Args:
            status: Of the active run. If it is not ``FINISHED``, other runs whose nodes have not
                all run are ``KILLED``.
            reason: Why the active run did not finish.
        """
        stopped = self._active
        failed = self._failed_elsewhere or stopped
        why = f"{failed.name} failed" if failed and status == FAILED else reason
        for experiment in list(self._open):
            if experiment == stopped:
                self.end(experiment, status, reason)
            elif status == FINISHED or not self._remaining[experiment]:
                self.end(experiment, FINISHED)
            else:
                self.end(experiment, KILLED, why)

    def fail_elsewhere(self, experiment: Experiment | None) -> None:
        """Notes that an experiment of another process has failed: no run of this one has.

        Args:
            experiment: The one that failed, where it is known.
        """
        self._leave()
        self._failed_elsewhere = experiment

    def _leave(self) -> None:
        """Takes the active run from MLflow's stack; it stays open."""
        if self._active is None:
            return
        self._seconds[self._active] = self.seconds(self._active)
        remove_active_run(self._open[self._active].info.run_id)
        self._active = None
