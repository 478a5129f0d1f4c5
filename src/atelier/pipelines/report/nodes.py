"""Nodes of the report."""

from typing import Any

from atelier.report.experiments import EXPERIMENTS
from atelier.report.page import render_page
from atelier.report.results import ExperimentResults


def count_results(*results: Any) -> int:
    """Returns the number of results in a namespace; being inputs, they exist before it."""
    return len(results)


def write_report(
    experiments: list[dict[str, Any]], results: ExperimentResults, *_counts: Any
) -> str:
    """Returns the page as HTML; it waits for the counts, and so for every result."""
    return render_page(EXPERIMENTS.validate_python(experiments), results)
