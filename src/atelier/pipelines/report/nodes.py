"""Node of the report."""

from typing import Any

from atelier.report.experiments import EXPERIMENTS
from atelier.report.lab import Lab


def write_report(experiments: list[dict[str, Any]], lab: Lab, *_ends: Any) -> str:
    """The page; ``ends`` are only what has to be there before it is written."""
    from atelier.report.page import render

    return render(EXPERIMENTS.validate_python(experiments), lab)
