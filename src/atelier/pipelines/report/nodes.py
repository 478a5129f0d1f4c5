"""Nodes of the report."""

from typing import Any

from atelier.report.experiments import EXPERIMENTS
from atelier.report.results import ExperimentResults


def index(*results: Any) -> int:
    """How much a namespace left; the results themselves only have to be there."""
    return len(results)


def write_report(experiments: list[dict[str, Any]], lab: ExperimentResults, *_indices: Any) -> str:
    """The page; the indices only have to be there before it is written."""
    from atelier.report.page import render_page

    return render_page(EXPERIMENTS.validate_python(experiments), lab)
