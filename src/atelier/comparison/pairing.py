"""Whether two runs can be compared example by example."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.comparison.records import RecordedRun
from atelier.evaluation.examples import SPLIT

ACCURACY, CONFIDENCE, ECE = "accuracy", "confidence", "ece"
"""Columns of confidence, with any ending, and of accuracy give a calibration error."""
DIGITS = 8
"""Digits of a split's digest that are shown."""


class ExampleMetric(NamedTuple):
    """A metric that follows from per-example results.

    Attributes:
        table: Name of the table.
        columns: The columns: a mean has one; a calibration error has confidence and accuracy.
    """

    table: str
    columns: tuple[str, ...]


class ExamplePairs(NamedTuple):
    """The columns of a metric in two runs.

    Attributes:
        baseline: (n,) arrays of the baseline; none if the runs cannot be paired.
        other: The same of the other run.
        reason: Why they cannot be paired; empty if they can.
    """

    baseline: tuple[np.ndarray, ...]
    other: tuple[np.ndarray, ...]
    reason: str = ""


def example_metrics(examples: Mapping[str, pd.DataFrame]) -> dict[str, ExampleMetric]:
    """Returns the metrics that follow from tables of per-example results, by name.

    Examples:
        >>> table = pd.DataFrame({"split": ["5f2c"], "accuracy": [True], "confidence": [0.75]})
        >>> list(example_metrics({"test": table}))
        ['test/accuracy', 'test/confidence', 'test/ece']
    """
    metrics: dict[str, ExampleMetric] = {}
    for name, table in examples.items():
        columns = [str(column) for column in table.columns if column != SPLIT]
        means = {f"{name}/{column}": ExampleMetric(name, (column,)) for column in columns}
        errors = {
            f"{name}/{column.replace(CONFIDENCE, ECE)}": ExampleMetric(name, (column, ACCURACY))
            for column in columns
            if column.startswith(CONFIDENCE) and ACCURACY in columns
        }
        metrics |= means | errors
    return metrics


def pair_examples(metric: str, baseline: RecordedRun, other: RecordedRun) -> ExamplePairs:
    """Returns the per-example results of two runs behind a metric, if they are of the same split.

    Args:
        metric: Name of the metric, such as ``test/accuracy``.
        baseline: The run with which the other is compared.
        other: The other run.

    Returns:
        The pairs, or the reason why there are none.
    """
    pair = baseline, other
    metrics = [example_metrics(run.examples).get(metric) for run in pair]
    lacking = [run.short_id for run, item in zip(pair, metrics, strict=True) if item is None]
    if len(lacking) == 2:
        return ExamplePairs((), (), "neither run kept per-example results")
    if lacking:
        return ExamplePairs((), (), f"run {lacking[0]} kept no per-example results")
    tables = [run.examples[item.table] for run, item in zip(pair, metrics, strict=True) if item]
    reason = _difference_of_splits(*tables)
    arrays = [
        tuple(table[column].to_numpy() for column in item.columns)
        for table, item in zip(tables, metrics, strict=True)
        if item
    ]
    if not reason and not all(np.isfinite(array).all() for side in arrays for array in side):
        reason = "not every per-example result is a finite number"
    return ExamplePairs((), (), reason) if reason else ExamplePairs(arrays[0], arrays[1])


def _difference_of_splits(first: pd.DataFrame, second: pd.DataFrame) -> str:
    """Returns in words how the splits of two tables differ; nothing if they are the same."""
    digests = [tuple(table[SPLIT].unique()) for table in (first, second)]
    if len(first) == len(second) and digests[0] == digests[1]:
        return ""
    described = [
        f"{', '.join(str(name)[:DIGITS] for name in names)} (n = {len(table):,})"
        for names, table in zip(digests, (first, second), strict=True)
    ]
    return f"the test splits differ: {described[0]} and {described[1]}"
