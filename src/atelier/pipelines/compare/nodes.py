"""Nodes of the compare pipeline."""

import logging
from typing import Any

import pandas as pd

from atelier import comparison
from atelier.comparison.params import ComparisonParams
from atelier.comparison.records import Comparison, PublishedComparison

logger = logging.getLogger(__name__)


def compare_runs(runs: Comparison, params: ComparisonParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compares metrics, and parameters and conditions, of each experiment's runs."""
    metrics, parameters = comparison.comparison_tables(runs, params)
    for (title, label), table in metrics.groupby(["experiment", "label"], sort=False):
        logger.info("%s: %s", title, comparison.summarize_differences({str(label): table}))
    return metrics, parameters


def draw_differences(runs: Comparison, metrics: pd.DataFrame) -> Any:
    """Draws the differences that have paired intervals."""
    baseline, *others = (f"{run.name} ({run.short_id})" for run in runs.named)
    title = f"{', '.join(others)}\nagainst {baseline}: 95 % paired intervals"
    return comparison.figures.differences_figure(metrics, title=title)


def write_comparison(
    runs: Comparison, metrics: pd.DataFrame, parameters: pd.DataFrame, params: ComparisonParams
) -> tuple[str, PublishedComparison]:
    """Writes the page, and what is stored with the newest of the runs."""
    page = comparison.render_comparison(runs, metrics, parameters, params)
    tables = {"metrics": metrics, "parameters": parameters}
    links = comparison.link_runs(runs)
    return page, PublishedComparison(runs.newest, page, tables, links)
