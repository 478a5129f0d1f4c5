"""Parameters and conditions in which runs differ."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from atelier.comparison.records import LABELS, RecordedRun

CONDITION, PARAMETER = "condition", "parameter"
"""Kinds of differences: data, code, environment and command are conditions."""


def parameter_differences(runs: Sequence[RecordedRun]) -> pd.DataFrame:
    """Returns the conditions and parameters in which runs differ.

    Args:
        runs: Two or more runs, the baseline first.

    Returns:
        A row for each: ``kind``, ``name``, and the value in each run under its letter, None where
        the run has no such parameter.

    Examples:
        >>> plain = {"name": "train", "experiment": "train", "status": "FINISHED", "page": ""}
        >>> first = RecordedRun("1a", began=0, parameters={"epochs": "3", "seed": "0"}, **plain)
        >>> second = RecordedRun("2b", began=1, parameters={"epochs": "5", "seed": "0"}, **plain)
        >>> parameter_differences([first, second])
                kind    name  A  B
        0  parameter  epochs  3  5
    """
    labels = LABELS[: len(runs)]
    rows = [
        [kind, name, *values]
        for kind, records in (
            (CONDITION, [run.conditions for run in runs]),
            (PARAMETER, [run.parameters for run in runs]),
        )
        for name, values in _values(records)
        if len(set(values)) > 1
    ]
    return pd.DataFrame(rows, columns=["kind", "name", *labels])


def count_equal_parameters(runs: Sequence[RecordedRun]) -> int:
    """Returns how many parameters have the same value in all runs."""
    return sum(len(set(values)) == 1 for _, values in _values([run.parameters for run in runs]))


def _values(
    records: Sequence[Mapping[str, str]],
) -> Iterable[tuple[str, list[str | None]]]:
    """Yields each name of any record with its value in every record."""
    names = dict.fromkeys(name for record in records for name in record)
    return ((name, [record.get(name) for record in records]) for name in names)
