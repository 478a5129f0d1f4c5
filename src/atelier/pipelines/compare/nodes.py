"""Nodes of the compare pipeline."""

import logging
from typing import Any

import pandas as pd

from atelier import comparison
from atelier.comparison.params import ComparisonParams
from atelier.comparison.records import Comparison, PublishedComparison

logger = logging.getLogger(__name__)


def compare_runs(
    runs: Comparison, params: ComparisonParams
) -> tuple[pd.DataFrame, pd.DataFrame, str, PublishedComparison]:
    """Compares metrics, parameters and figures; returns tables, page and what the run gets."""
    metrics, parameters = comparison.comparison_tables(runs, params)
    for (title, label), table in metrics.groupby(["experiment", "label"], sort=False):
        logger.info("%s: %s", title, comparison.summarize_differences(str(label), table))
    page = comparison.render_comparison(runs, metrics, parameters, params)
    tables = {"metrics": metrics, "parameters": parameters}
    links = comparison.link_runs(runs)
    return metrics, parameters, page, PublishedComparison(runs.newest, page, tables, links)


def draw_differences(metrics: pd.DataFrame) -> Any:
    """Draws the differences that have paired intervals."""
    title = "Differences from the baseline, with 95 % paired intervals"
    return comparison.figures.differences_figure(metrics, title=title)
