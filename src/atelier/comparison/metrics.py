"""The metrics of two runs, their differences, and paired intervals where there are pairs."""

import math
from collections.abc import Sequence

import pandas as pd

from atelier.comparison.formatting import format_difference
from atelier.comparison.intervals import estimate_metric, paired_intervals
from atelier.comparison.pairing import example_metrics, pair_examples
from atelier.comparison.params import ComparisonParams
from atelier.comparison.records import RecordedRun

ENDS = ("low", "high")
"""Endings of the metrics that are the limits of another metric's interval."""
COLUMNS = (
    "metric", "baseline", "baseline_low", "baseline_high", "value", "value_low", "value_high",
    "difference", "low", "high", "n", "reason",
)  # fmt: skip


def compare_metrics(
    baseline: RecordedRun, other: RecordedRun, params: ComparisonParams
) -> pd.DataFrame:
    """Compares every metric that two runs have in common, or that follows from their examples.

    Args:
        baseline: The run with which the other is compared.
        other: The other run.
        params: Resamples and seed of the bootstrap.

    Returns:
        A row for each metric: its value in both runs with the interval of each; ``difference``,
        the other run's less the baseline's; ``low`` and ``high``, its 95 % paired interval over
        the ``n`` examples of both, NaN where there are no pairs, and then ``reason``.

    Examples:
        >>> plain = {"name": "train", "experiment": "train", "status": "FINISHED", "page": ""}
        >>> first = RecordedRun("1a", began=0, metrics={"test/accuracy": 0.5}, **plain)
        >>> second = RecordedRun("2b", began=1, metrics={"test/accuracy": 0.75}, **plain)
        >>> table = compare_metrics(first, second, ComparisonParams(resamples=100, seed=0))
        >>> table[["metric", "difference", "reason"]].to_dict("tight")["data"]
        [['test/accuracy', 0.25, 'neither run kept per-example results']]
    """
    rows = [_row(name, baseline, other, params) for name in metric_names((baseline, other))]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(COLUMNS[1:-1], float))


def metric_names(runs: Sequence[RecordedRun]) -> list[str]:
    """Returns the metrics that all runs have, sorted, without limits of intervals."""
    known = [_values(run) for run in runs]
    common = set.intersection(*(set(names) for names in known))
    return sorted(name for name in common if not _is_limit(name, common))


def metrics_of_one(baseline: RecordedRun, other: RecordedRun) -> list[str]:
    """Returns the metrics that only one of two runs has, without limits of intervals."""
    names = set(_values(baseline)) ^ set(_values(other))
    return sorted(name for name in names if not _is_limit(name, names))


def _is_limit(name: str, names: set[str]) -> bool:
    base, _, end = name.rpartition("_")
    return end in ENDS and base in names


def _values(run: RecordedRun) -> dict[str, float | None]:
    """Returns the metrics of a run; None for those that only its examples have."""
    return dict.fromkeys(example_metrics(run.examples)) | dict(run.metrics)


def _row(
    name: str, baseline: RecordedRun, other: RecordedRun, params: ComparisonParams
) -> dict[str, object]:
    sides = _side(name, baseline, "baseline", params) | _side(name, other, "value", params)
    pairs = pair_examples(name, baseline, other)
    if pairs.reason:
        difference = sides["value"] - sides["baseline"]
        return {"metric": name, **sides, "difference": difference, "reason": pairs.reason}
    estimate = paired_intervals(pairs, params)
    limits = {"difference": estimate.value, "low": estimate.low, "high": estimate.high}
    return {"metric": name, **sides, **limits, "n": len(pairs.baseline[0]), "reason": ""}


def _side(name: str, run: RecordedRun, column: str, params: ComparisonParams) -> dict[str, float]:
    """Returns a metric of one run with its interval: the logged one, else that of its examples."""
    logged = [run.metrics.get(f"{name}_{end}", math.nan) for end in ENDS]
    source = example_metrics(run.examples).get(name)
    value = run.metrics.get(name)
    if source is None or (value is not None and not any(map(math.isnan, logged))):
        return _columns(column, math.nan if value is None else value, *logged)
    table = run.examples[source.table]
    estimate = estimate_metric(tuple(table[item].to_numpy() for item in source.columns), params)
    return _columns(column, estimate.value if value is None else value, estimate.low, estimate.high)


def _columns(name: str, value: float, low: float, high: float) -> dict[str, float]:
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def summarize_differences(label: str, table: pd.DataFrame) -> str:
    """Returns in a sentence which paired differences are clear of 0.

    Args:
        label: The letter of the run that is compared with A.
        table: From :func:`compare_metrics`.

    Returns:
        A sentence.

    Examples:
        >>> row = {"metric": "test/accuracy", "difference": 0.02, "low": 0.01, "high": 0.03}
        >>> summarize_differences("B", pd.DataFrame([row]))
        'B differs from A in test/accuracy (+0.02): 1 of 1 paired intervals excludes 0.'
    """
    paired = table.dropna(subset=["low", "high"])
    clear = paired[(paired["low"] > 0) | (paired["high"] < 0)]
    if paired.empty:
        return f"No paired interval of {label} − A: {_reasons(table)}."
    if clear.empty:
        return f"None of the {len(paired)} paired intervals of {label} − A excludes 0."
    rows = zip(clear["metric"], clear["difference"], strict=True)
    listed = ", ".join(f"{name} ({format_difference(value)})" for name, value in rows)
    verb = "excludes" if len(clear) == 1 else "exclude"
    count = f"{len(clear)} of {len(paired)} paired intervals {verb} 0"
    return f"{label} differs from A in {listed}: {count}."


def _reasons(table: pd.DataFrame) -> str:
    return "; ".join(table["reason"].unique()) or "the runs have no metric in common"
