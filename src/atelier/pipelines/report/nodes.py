"""Nodes of the report."""

from typing import Any

from atelier import report
from atelier.report.results import ExperimentResults


def count_results(*results: Any) -> int:
    """Returns the number of results of an experiment; being inputs, they exist before it."""
    return len(results)


def write_report(
    *_counts: Any, experiments: list[dict[str, Any]], results: ExperimentResults
) -> str:
    """Returns the page as HTML; it waits for the counts, and so for every result."""
    return report.render_page(report.EXPERIMENTS.validate_python(experiments), results)
