"""What a user decides by probabilities: sets of classes, and which predictions to reject."""

from typing import NamedTuple

import pandas as pd

from atelier.calibration.base import Calibrator
from atelier.calibration.density import DensityModel
from atelier.calibration.params import RejectionParams, SetParams
from atelier.calibration.rejection_study import rejection_table, scored_split
from atelier.calibration.set_study import cross_calibrated, set_tables
from atelier.types import Arrays

LEVELS = (0.8, 0.9, 0.95, 0.99)
"""Coverages of the sets on the page of :func:`atelier.calibration.report`."""
RISK, CONFIDENCE = 0.05, 0.95
"""The share of wrong accepted predictions that the page's thresholds keep to, and how surely."""


class Decisions(NamedTuple):
    """Prediction sets and rejection, measured on the test part."""

    sets: pd.DataFrame
    """The first of :func:`atelier.calibration.set_study.set_tables`."""
    set_sizes: pd.DataFrame
    """The second of them."""
    rejection: pd.DataFrame
    """From :func:`atelier.calibration.rejection_study.rejection_table`."""


def study_decisions(
    parts: Arrays,
    calibrator: Calibrator,
    *,
    temperature: float,
    density: DensityModel | None,
    folds: int,
    resamples: int,
    seed: int,
) -> Decisions:
    """Measures prediction sets and rejection of a calibrator.

    Args:
        parts: From :func:`atelier.calibration.divide_logits`.
        calibrator: Fitted to the calibration part.
        temperature: T of temperature scaling.
        density: A density model of logits; None where the values were probabilities.
        folds: Folds of the calibration part, in which it is calibrated.
        resamples: Samples that the bootstrap draws.
        seed: Seed of folds and bootstrap.

    Returns:
        Their tables, at the levels LEVELS, and at the risk RISK with confidence CONFIDENCE.
    """
    held_out = parts["calibration_logits"], parts["calibration_labels"]
    probs = {
        "calibration": cross_calibrated(calibrator, *held_out, folds=folds, seed=seed),
        "test": calibrator.transform(parts["test_logits"]),
    }
    sets = SetParams(
        levels=LEVELS,
        method="lac",
        level=LEVELS[1],
        by_class=False,
        allow_empty=False,
        penalty=0.1,
        free_ranks=2,
        folds=folds,
        seed=seed,
    )
    rejection = RejectionParams(
        score="temperature",
        rule="risk",
        risk=RISK,
        confidence=CONFIDENCE,
        resamples=resamples,
        seed=seed,
    )
    scored = {
        split: scored_split(
            parts[f"{split}_logits"],
            parts[f"{split}_labels"],
            probs[split],
            temperature=temperature,
            density=density,
        )
        for split in probs
    }
    tables = set_tables(
        (probs["calibration"], held_out[1]), (probs["test"], parts["test_labels"]), sets
    )
    return Decisions(*tables, rejection_table(scored["calibration"], scored["test"], rejection))
