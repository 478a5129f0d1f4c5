"""Runs as their tracker recorded them, and what a comparison of them gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

LABELS = "ABCDEFGHIJ"
"""Runs are called by these letters; the first is the baseline."""
SHORT = 8
"""Digits of an id that are shown."""


@dataclass(frozen=True)
class RecordedRun:
    """A run that has ended.

    Attributes:
        run_id: The tracker's id.
        name: The run's name, such as ``train · digits · seed 3``.
        experiment: The experiment's name, such as ``train · digits``; the run's own name where it
            belongs to none.
        status: ``FINISHED``, ``FAILED`` or ``KILLED``.
        began: Milliseconds since 1970.
        page: Address of the run's page.
        duration: As text; empty where it is not known.
        conditions: Data, code, environment and command by name.
        parameters: Values as text by dotted name.
        metrics: The last value of each metric.
        examples: Tables of per-example results by name: the mean of a column is the metric
            ``<name>/<column>``.
        figures: Content of picture files by path.
    """

    run_id: str
    name: str
    experiment: str
    status: str
    began: int
    page: str
    duration: str = ""
    conditions: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    examples: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def short_id(self) -> str:
        """The first digits of the id."""
        return self.run_id[:SHORT]


@dataclass(frozen=True)
class RunComparison:
    """Runs that are compared with each other, the baseline first."""

    title: str
    runs: tuple[RecordedRun, ...]

    @property
    def baseline(self) -> RecordedRun:
        """The run with which the others are compared."""
        return self.runs[0]

    @property
    def others(self) -> dict[str, RecordedRun]:
        """The other runs by their letter."""
        return dict(zip(LABELS[1:], self.runs[1:], strict=False))

    @property
    def newest(self) -> RecordedRun:
        """The run that began last."""
        return newest_run(self.runs)


@dataclass(frozen=True)
class Comparison:
    """The runs that were asked for, and the experiments that they have in common.

    Attributes:
        named: The runs that were asked for, the baseline first: runs of experiments, or of
            commands that ran several.
        experiments: The runs that are compared with each other.
    """

    named: tuple[RecordedRun, ...]
    experiments: tuple[RunComparison, ...]

    @property
    def newest(self) -> RecordedRun:
        """The run that began last, with which the comparison is stored."""
        return newest_run(self.named)


class Link(NamedTuple):
    """A run whose description links the comparison, and the runs that it is compared with."""

    run: RecordedRun
    others: tuple[RecordedRun, ...]


class PublishedComparison(NamedTuple):
    """What is stored with a run."""

    run: RecordedRun
    """The run that the files are stored with."""
    page: str
    """HTML."""
    tables: Mapping[str, pd.DataFrame]
    links: tuple[Link, ...]


def newest_run(runs: tuple[RecordedRun, ...]) -> RecordedRun:
    """Returns the run that began last, the later one in the sequence of equals."""
    return max(reversed(runs), key=lambda run: run.began)


def link_runs(comparison: Comparison) -> tuple[Link, ...]:
    """Returns the newest of the named runs, and the newest run of each experiment."""
    groups = [comparison.named, *(item.runs for item in comparison.experiments)]
    links: dict[str, Link] = {}
    for runs in groups:
        newest = newest_run(runs)
        others = tuple(run for run in runs if run is not newest)
        links.setdefault(newest.run_id, Link(newest, others))
    return tuple(links.values())
