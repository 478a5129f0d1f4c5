"""The choice of a calibrator by cross-validation on the calibration part."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from atelier.calibration.base import Calibrator
from atelier.calibration.calibrators import (
    CALIBRATORS,
    calibrated_probabilities,
    fit_calibrators,
)
from atelier.calibration.own_logits import interleave_classes
from atelier.calibration.tables import SMALLEST
from atelier.calibration.temperature import TemperatureScaling
from atelier.evaluation.intervals import bootstrap_interval
from atelier.evaluation.scoring_rules import log_losses
from atelier.types import Array, Labels

UNCALIBRATED = "uncalibrated"


def cross_validated_losses(
    logits: Array, labels: Labels, names: Sequence[str], *, folds: int, seed: int
) -> dict[str, Array]:
    """Returns the negative log-likelihood of each row by calibrators that were not fitted to it.

    Args:
        logits: (n, classes) of the calibration part.
        labels: (n,), integers in [0, classes).
        names: Names in CALIBRATORS.
        folds: Number of folds, drawn within each class.
        seed: Seed of the folds.

    Returns:
        Losses in nats, (n,), of ``uncalibrated`` and of each name.
    """
    losses = {name: np.empty(len(labels)) for name in (UNCALIBRATED, *names)}
    dealt = interleave_classes(labels, folds, seed=seed)
    for fold in range(folds):
        rows = dealt == fold
        fitted = fit_calibrators(logits[~rows], labels[~rows], names)
        for name, probs in calibrated_probabilities(fitted, logits[rows]).items():
            losses[name][rows] = log_losses(np.where(probs > 0, probs, SMALLEST), labels[rows])
    return losses


def selection_table(
    logits: Array,
    labels: Labels,
    names: Sequence[str],
    *,
    folds: int,
    seed: int,
    resamples: int,
) -> pd.DataFrame:
    """Compares calibrators by their cross-validated likelihood, and chooses the best.

    The likelihood is a proper score: unlike the ECE it also falls where predictions get worse. The
    test part has no influence, so its measures of the chosen calibrator are not too good.

    Args:
        logits: (n, classes) of the calibration part.
        labels: (n,), integers in [0, classes).
        names: Names in CALIBRATORS.
        folds: Number of folds.
        seed: Seed of the folds and of the bootstrap.
        resamples: Samples that the bootstrap draws.

    Returns:
        A row for ``uncalibrated`` and for each calibrator: ``method``, ``n``, ``nll`` in nats with
        its 95 % interval, ``gain``, by how much it is less than without calibration, with its
        paired interval, and ``chosen``, true for the least ``nll``.
    """
    losses = cross_validated_losses(logits, labels, names, folds=folds, seed=seed)
    rows = [
        {"method": name, "n": len(values)}
        | _mean_with_interval("nll", values, seed=seed, resamples=resamples)
        | _mean_with_interval("gain", losses[UNCALIBRATED] - values, seed=seed, resamples=resamples)
        for name, values in losses.items()
    ]
    table = pd.DataFrame(rows)
    return table.assign(chosen=np.arange(len(table)) == int(table["nll"].to_numpy().argmin()))


def chosen_calibrator(logits: Array, labels: Labels, table: pd.DataFrame) -> tuple[str, Calibrator]:
    """Fits the calibrator that a :func:`selection_table` chose to the whole calibration part.

    Returns:
        Its name, and the calibrator; ``uncalibrated`` is temperature scaling by T = 1.
    """
    name = str(table.loc[table["chosen"], "method"].iloc[0])
    if name == UNCALIBRATED:
        calibrator = TemperatureScaling()
        calibrator.classes_ = logits.shape[1]
        return name, calibrator
    return name, CALIBRATORS[name]().fit(logits, labels)


def _mean_with_interval(name: str, values: Array, *, seed: int, resamples: int) -> dict[str, float]:
    low, high = bootstrap_interval(np.mean, values, seed=seed, resamples=resamples)
    return {name: float(values.mean()), f"{name}_low": low, f"{name}_high": high}
