"""How far the experiments of a session are: nodes, time, and the lines that say so."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from atelier.hooks.experiment_runs import Experiment, experiment_of

if TYPE_CHECKING:
    from kedro.pipeline.node import Node


class ExperimentProgress:
    """Counts the nodes of each experiment and their time.

    Args:
        nodes: Those of the session.
        seconds: How long nodes ran when they ran last, by their names.
        clock: Returns seconds.
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        seconds: Mapping[str, float] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nodes, self._done = list(nodes), set[str]()
        self.recorded: Mapping[str, float] = seconds or {}
        self._clock, self._began = clock, clock()
        self._total = Counter(map(experiment_of, self._nodes))
        self._run: Counter[Experiment | None] = Counter()
        self._ended: Counter[Experiment | None] = Counter()
        self._seconds: defaultdict[Experiment | None, float] = defaultdict(float)
        self.node: Node | None = None
        self.helper_node: Node | None = None

    @property
    def nodes_run(self) -> int:
        """The number of nodes that have run."""
        return self._run.total()

    @property
    def nodes_done(self) -> int:
        """The number of nodes that have run or were left out."""
        return len(self._done)

    @property
    def experiments(self) -> list[Experiment]:
        """The experiments of the session."""
        return [item for item in self._total if item]

    def begin(self, node: Node) -> None:
        """Notes that a node begins, once."""
        if self.node is None or self.node.name != node.name:
            self.node, self._began = node, self._clock()

    def end(self, node: Node, *, has_run: bool) -> Experiment | None:
        """Notes that a node has ended, or is left out.

        Args:
            node: The node.
            has_run: Whether it has run.

        Returns:
            Its experiment, if that has ended with this node and a node of it has run.
        """
        if node.name in self._done:
            return None
        experiment = experiment_of(node)
        self._done.add(node.name)
        self._ended[experiment] += 1
        if has_run:
            self.count(node)
        is_last = self._ended[experiment] == self._total[experiment]
        return experiment if is_last and self._run[experiment] else None

    def end_in_helper(self, node: Node, *, has_run: bool) -> None:
        """Notes that a node has ended, or is left out, in the second process."""
        self.helper_node = None
        self._done.add(node.name)
        self._run[experiment_of(node)] += has_run

    def count(self, node: Node) -> None:
        """Counts a node that has run or has failed, and its time."""
        self._run[experiment_of(node)] += 1
        self._seconds[experiment_of(node)] += self._clock() - self._began
        self.node = None

    def line(self, experiment: Experiment, headline: str, columns: int | None = None) -> str:
        """Returns the line of an experiment.

        Args:
            experiment: One of which a node has run.
            headline: Its main number, or why it stopped.
            columns: Characters after which the line is cut; None leaves it whole.
        """
        run, total = self._run[experiment], self._total[experiment]
        width = max(len(item.name) for item in self.experiments)
        count = f"{run}/{total}" if run != total else f"{total}"
        nodes = f"{count:>4} {'node' if total == 1 else 'nodes'}"
        duration = format_duration(self._seconds[experiment])
        text = f"{experiment.name:<{width}} {nodes:<10} {duration:>11}  {headline}".rstrip()
        return cut(text, columns)

    def status(self) -> str:
        """Returns the line of the node that runs: nodes done, time left, experiment, node, time."""
        counts = f"{self.nodes_done}/{len(self._nodes)} nodes"
        if self.node is None:
            idle = "" if self._done else "compared with their last run"
            return f"[{counts}] {title_of(self.helper_node) if self.helper_node else idle}".rstrip()
        seconds = self._clock() - self._began
        remaining = self._seconds_left(seconds)
        known = "" if remaining is None else f", up to {format_duration(remaining)} left"
        others = f"; {title_of(self.helper_node)}" if self.helper_node else ""
        return f"[{counts}{known}] {title_of(self.node)}, {format_duration(seconds)}{others}"

    def _seconds_left(self, seconds: float) -> float | None:
        """Returns the time that the remaining nodes took last; None where one is not recorded.

        Args:
            seconds: How long the present node has run.
        """
        names = [node.name for node in self._nodes if node.name not in self._done]
        if self.node is None or any(name not in self.recorded for name in names):
            return None
        elapsed = min(seconds, self.recorded[self.node.name])
        return sum(self.recorded[name] for name in names) - elapsed


def title_of(node: Node) -> str:
    """Returns a node's experiment and its own name."""
    experiment = experiment_of(node)
    name = node.name.rpartition(".")[2]
    return f"{experiment.name}: {name}" if experiment else name


def format_duration(seconds: float) -> str:
    """Returns a duration with its two largest units.

    Examples:
        >>> [format_duration(seconds) for seconds in (0.3, 24.4, 185, 4000)]
        ['0 s', '24 s', '3 min 05 s', '1 h 07 min']
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def cut(text: str, columns: int | None) -> str:
    """Returns a line that has at most a number of characters.

    Examples:
        >>> cut("accuracy", 5), cut("accuracy", None)
        ('accu…', 'accuracy')
    """
    return text if columns is None or len(text) <= columns else f"{text[: columns - 1]}…"
