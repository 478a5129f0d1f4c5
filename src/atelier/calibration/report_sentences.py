"""The sentences of the page about the calibration of any model."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from atelier.calibration import rejection_figures
from atelier.calibration.logit_study import CalibrationFindings
from atelier.calibration.selection import UNCALIBRATED
from atelier.evaluation.reliability import top_label

SET_LEVEL = 0.9
"""Coverage of the sets that the page describes in words."""


def confidence_sentence(findings: CalibrationFindings) -> str:
    """Returns how confident the model is and how often it is right, in a sentence."""
    confidence, correct = top_label(findings.probabilities[UNCALIBRATED], findings.labels)
    gap = 100 * float(confidence.mean() - correct.mean())
    verdict = "overconfident" if gap > 0 else "underconfident"
    return (
        f"On {len(correct):,} test examples the model is right in {100 * correct.mean():.1f} % and "
        f"says that it is {100 * confidence.mean():.1f} % sure: it is {verdict} by "
        f"{abs(gap):.1f} points on average."
    )


def set_sentence(table: pd.DataFrame, classes: Sequence[str]) -> str:
    """Returns coverage and size of the smallest sets at one level, in a sentence.

    Args:
        table: The first of :func:`atelier.calibration.set_study.set_tables`.
        classes: Names of the classes.
    """
    level = min(table["level"], key=lambda value: abs(value - SET_LEVEL))
    (row,) = table[(table["method"] == "lac") & (table["level"] == level)].to_dict("records")
    return (
        f"LAC's sets for {100 * level:g} % cover {_percent(row, 'coverage')} of {row['n']:,} test "
        f"labels with {row['mean_size']:.2f} classes on average. The class that they cover least "
        f"is “{classes[row['worst_class']]}”: {_percent(row, 'worst_coverage')} of "
        f"{row['worst_n']:,}."
    )


def rejection_sentence(table: pd.DataFrame) -> str:
    """Returns which score accepts most at the stated risk, in a sentence.

    Args:
        table: From :func:`atelier.calibration.rejection_study.rejection_table`.
    """
    risk = f"at most {100 * table['stated_risk'].iloc[0]:g} % wrong ones among the accepted"
    row = table.sort_values("coverage").iloc[-1].to_dict()
    if not row["coverage"]:
        return f"No score has a threshold that guarantees {risk}."
    score = rejection_figures.score_title(row["score"])
    return (
        f"For {risk}, the threshold of the score “{score}” accepts most: "
        f"{_percent(row, 'coverage')} of the test examples, {_percent(row, 'risk')} of them wrong."
    )


def _percent(row: Any, name: str) -> str:
    low, high = (100 * row[f"{name}_{end}"] for end in ("low", "high"))
    return f"{100 * row[name]:.1f} % (95 % interval {low:.1f} to {high:.1f})"
