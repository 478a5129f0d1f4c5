"""The tables of a comparison, over all its experiments and runs."""

import pandas as pd

from atelier.comparison.differences import parameter_differences
from atelier.comparison.metrics import COLUMNS, compare_metrics
from atelier.comparison.params import ComparisonParams
from atelier.comparison.records import LABELS, Comparison


def comparison_tables(
    comparison: Comparison, params: ComparisonParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compares the runs of each experiment.

    Args:
        comparison: The runs.
        params: Resamples and seed of the bootstrap.

    Returns:
        Rows of :func:`atelier.comparison.compare_metrics` with ``experiment``, ``label`` (the
        letter of the run that is compared with A), ``baseline_id`` and ``run_id``; and rows of
        :func:`atelier.comparison.parameter_differences` with ``experiment``.
    """
    keys = ("experiment", "label", "baseline_id", "run_id")
    metrics = [
        compare_metrics(item.baseline, run, params).assign(
            experiment=item.title, label=label, baseline_id=item.baseline.run_id, run_id=run.run_id
        )
        for item in comparison.experiments
        for label, run in item.others.items()
    ]
    parameters = [
        parameter_differences(item.runs).assign(experiment=item.title)
        for item in comparison.experiments
    ]
    labels = LABELS[: len(comparison.named)]
    return (
        _joined(metrics)[[*keys, *COLUMNS]],
        _joined(parameters)[["experiment", "kind", "name", *labels]],
    )


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Joins tables; empty ones, whose columns have no type, only where all are empty."""
    filled = [table for table in tables if len(table)]
    return pd.concat(filled or tables[:1], ignore_index=True)
