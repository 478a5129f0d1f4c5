"""The choice of a calibrator by cross-validation on the calibration part."""

from collections.abc import Sequence
from typing import Any, Literal

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
from atelier.evaluation.intervals import NOT_NEGATIVE, UNBOUNDED, bootstrap_interval
from atelier.evaluation.scoring_rules import log_losses
from atelier.types import Array, Labels, Metrics

UNCALIBRATED, TEMPERATURE = "uncalibrated", "temperature"
NEGLIGIBLE = 1e-6
"""Gain in nats that rounding errors of a search may have, and that is none."""
ChooseFrom = Literal["same_predictions", "served", "all"]
"""Which calibrators may be chosen: those that change no prediction, those that a served model can
have, or all."""
SERVED = frozenset(
    {
        "platt",
        "temperature",
        "vector",
        "matrix",
        "beta",
        "dirichlet",
        "ensemble_temperature",
        "structured_vector",
        "structured_matrix",
    }
)
"""Names of the calibrators that consist of Keras' operations
(:mod:`atelier.calibration.served_calibrators`)."""


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
    choose_from: ChooseFrom = "all",
) -> pd.DataFrame:
    """Compares calibrators by their cross-validated likelihood, and chooses the best.

    The likelihood is a proper score: unlike the ECE it also falls where predictions get worse. The
    least negative log-likelihood wins; but where the winner is not clearly better than temperature
    scaling, which has one parameter and changes no prediction (the 95 % interval of the paired
    gain reaches 0), the better of temperature scaling and no calibration is chosen. The test part
    has no influence, so its measures of the chosen calibrator are not too good.

    Args:
        logits: (n, classes) of the calibration part.
        labels: (n,), integers in [0, classes).
        names: Names in CALIBRATORS, temperature scaling among them.
        folds: Number of folds.
        seed: Seed of the folds and of the bootstrap.
        resamples: Samples that the bootstrap draws.
        choose_from: ``same_predictions`` if only calibrators whose ``keeps_predictions`` is true
            may be chosen, ``served`` if only those of SERVED; the others are compared all the same.

    Returns:
        A row for ``uncalibrated`` and for each calibrator: ``method``, ``n``, ``nll`` in nats,
        ``gain``, by how much it is less than without calibration, and ``over_temperature``, less
        than temperature scaling's, with 95 % intervals, those of gains paired;
        ``keeps_predictions``, and ``chosen``.
    """
    losses = cross_validated_losses(logits, labels, names, folds=folds, seed=seed)
    rows = []
    for name, values in losses.items():
        columns = {
            "nll": values,
            "gain": losses[UNCALIBRATED] - values,
            "over_temperature": losses[TEMPERATURE] - values,
        }
        keeps = name == UNCALIBRATED or CALIBRATORS[name].keeps_predictions
        row: dict[str, Any] = {"method": name, "n": len(values), "keeps_predictions": keeps}
        for column, array in columns.items():
            bounds = NOT_NEGATIVE if column == "nll" else UNBOUNDED
            low, high = bootstrap_interval(
                np.mean, array, seed=seed, resamples=resamples, bounds=bounds
            )
            row |= {column: float(array.mean()), f"{column}_low": low, f"{column}_high": high}
        rows.append(row)
    table = pd.DataFrame(rows)
    allowed = {
        "all": table["nll"].notna(),
        "served": table["method"].isin(SERVED | {UNCALIBRATED}),
        "same_predictions": table["keeps_predictions"],
    }
    candidates = table[allowed[choose_from]]
    return table.assign(chosen=table["method"] == _choice(candidates.set_index("method")))


def _choice(table: pd.DataFrame) -> str:
    """Returns the chosen method of a table of the candidates by methods."""
    simple = table.loc[[UNCALIBRATED, TEMPERATURE]]
    best, simplest = str(table["nll"].idxmin()), str(simple["nll"].idxmin())
    is_clear = bool(table["over_temperature_low"].to_dict()[best] > NEGLIGIBLE)
    return best if is_clear or best in simple.index else simplest


def selection_metrics(table: pd.DataFrame) -> Metrics:
    """Returns the margin of the choice: cross-validated gains in nats, with 95 % intervals.

    Args:
        table: A :func:`selection_table`.

    Returns:
        ``gain`` over no calibration and ``over_temperature`` of the chosen method, each with
        ``_low`` and ``_high``, and ``n``.
    """
    (row,) = table[table["chosen"]].to_dict("records")
    ends = ("", "_low", "_high")
    names = [f"{name}{end}" for name in ("gain", "over_temperature") for end in ends]
    return {name: float(row[name]) for name in (*names, "n")}


def selection_text(table: pd.DataFrame) -> str:
    """Returns the choice and its margin as a sentence for a model's card.

    Args:
        table: A :func:`selection_table`.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.zeros((40, 2)), np.arange(40) % 2
        >>> table = selection_table(
        ...     logits, labels, ["temperature"], folds=2, seed=0, resamples=10
        ... )
        >>> selection_text(table)  # doctest: +ELLIPSIS
        'uncalibrated out of 2 methods: cross-validated log loss 0.6931 nats ...'
    """
    (row,) = table[table["chosen"]].to_dict("records")
    numbers = selection_metrics(table)
    gain = "{:.4f} nats (95 % interval {:.4f} to {:.4f})".format(
        *(numbers[f"over_temperature{end}"] for end in ("", "_low", "_high"))
    )
    return (
        f"{row['method']} out of {len(table)} methods: cross-validated log loss "
        f"{row['nll']:.4f} nats on {int(row['n']):,} examples, gain over temperature scaling {gain}"
    )


def chosen_calibrator(logits: Array, labels: Labels, table: pd.DataFrame) -> tuple[str, Calibrator]:
    """Fits the calibrator that a :func:`selection_table` chose to the whole calibration part.

    Args:
        logits: Of the calibration part, (n, classes).
        labels: (n,), integers in [0, classes).
        table: The selection table.

    Returns:
        Its name, and the calibrator; ``uncalibrated`` is temperature scaling by T = 1.
    """
    name = str(table.loc[table["chosen"], "method"].iloc[0])
    if name == UNCALIBRATED:
        calibrator = TemperatureScaling()
        calibrator.classes_ = logits.shape[1]
        return name, calibrator
    return name, CALIBRATORS[name]().fit(logits, labels)
