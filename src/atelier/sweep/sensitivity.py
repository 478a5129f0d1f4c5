"""Measures in one number how sensitive an arm is to its learning rate."""

import numpy as np
import pandas as pd

from atelier.sweep.analysis import NEIGHBOURHOOD, PLATEAU_LOSS, TIE
from atelier.sweep.arms import arm_columns
from atelier.sweep.resampling import resample_study
from atelier.types import Array

RANGES = ("area_1", "area_5", "plateau")
"""Measures of the tolerated range, in decades."""
LOSSES = (0.01, 0.05)
"""Accuracies below the best at which a rate counts no more, of the two areas."""


def rate_sensitivity(
    table: pd.DataFrame, correct: Array | None, best: pd.DataFrame, *, images: int, seed: int
) -> pd.DataFrame:
    """Computes the tolerated range of learning rates of each arm, in decades, with intervals.

    ``area_1`` and ``area_5``: area under the curve of the test accuracy within one and five
    points of the best, see :func:`tolerance_area`. ``plateau``: width of the unbroken range of
    rates about the best that lose at most one point of test accuracy. The best is the accuracy at
    the rate that the selection split chose. Curves are means over seeds, and over rates within a
    tenth of a decade. Intervals are 95 % percentiles of the bootstrap over trainings and test
    images, since a range is bounded by 0 and the grid, where the basic bootstrap has no width; an
    interval that excludes the range itself is widened to it.

    Args:
        table: A row per member.
        correct: Which test images each member classifies correctly, (members, images) bool, in
            the table's order; None if it is unknown.
        best: From :func:`atelier.sweep.best_learning_rates`.
        images: Number of test images.
        seed: Of the resampling.

    Returns:
        A row per arm: each measure with ``_low`` and ``_high``, and ``seeds``.

    Examples:
        >>> table = pd.DataFrame({"learning_rate": [0.01, 0.1, 1.0], "seed": 0, "dropout": 0.0})
        >>> table = table.assign(optimizer="sgd", test_accuracy=[0.0, 1.0, 1.0])
        >>> correct = np.repeat([[False], [True], [True]], 4, axis=1)
        >>> best = table[1:2].assign(best_rate=0.1)
        >>> rows = rate_sensitivity(table, correct, best, images=4, seed=0)
        >>> rows[["area_5", "plateau"]].values.tolist()
        [[1.5, 1.0]]
    """
    table = table.reset_index(drop=True)
    resamples = resample_study(table, correct, images=images, seed=seed, shared_noise=False)
    rows, arm = [], arm_columns(table)
    for group, members in table.groupby(arm, sort=False):
        columns = dict(zip(arm, group, strict=True))
        chosen = best[(best[arm] == list(group)).all(axis=1)].iloc[0]["best_rate"]
        rates, position = np.unique(members["learning_rate"], return_inverse=True)
        logs, top = np.log10(rates), int(np.argmin(np.abs(rates - chosen)))
        index = members.index.to_numpy()
        curve = _curve(logs, position, members["test_accuracy"].to_numpy())
        drawn = [
            _ranges(logs, _curve(logs, position, accuracy), top)
            for accuracy in resamples.accuracy[:, index]
        ]
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
        for name, value, below, above in zip(
            RANGES, _ranges(logs, curve, top), low, high, strict=True
        ):
            columns |= {name: value, f"{name}_low": min(value, below)}
            columns |= {f"{name}_high": max(value, above)}
        rows.append(columns | {"seeds": members["seed"].nunique()})
    return pd.DataFrame(rows)


def tolerance_area(logs: Array, accuracy: Array, best: float, *, loss: float) -> float:
    """Returns the area of an accuracy curve within some points of the best, in decades.

    A rate counts 1 if it reaches the best, 0 if it loses ``loss`` or more, and in proportion
    between the two: ∫ clip(1 - (best - accuracy) / loss, 0, 1) d log10(rate), by trapezoids.

    Args:
        logs: log10 of the rates, ascending, (n,).
        accuracy: Accuracies in [0, 1], (n,).
        best: The best accuracy.
        loss: Accuracy below the best that counts 0, > 0.

    Returns:
        The area in decades, from 0 to the width of the grid.

    Examples:
        >>> tolerance_area(np.arange(4.0), np.array([0.5, 0.8, 0.8, 0.75]), 0.8, loss=0.1)
        2.25
    """
    share = np.clip(1 - (best - accuracy) / loss, 0, 1)
    return float(np.trapezoid(share, logs))


def _plateau(logs: Array, accuracy: Array, top: int) -> float:
    """Returns the width of the unbroken range about ``top`` that loses at most one point."""
    lost = np.flatnonzero(accuracy < accuracy[top] - PLATEAU_LOSS - TIE)
    first = lost[lost < top].max(initial=-1) + 1
    last = lost[lost > top].min(initial=len(logs)) - 1
    return float(logs[last] - logs[first])


def _ranges(logs: Array, accuracy: Array, top: int) -> tuple[float, float, float]:
    """Returns the measures of :data:`RANGES`; ``top`` is the index of the chosen rate."""
    one, five = (tolerance_area(logs, accuracy, accuracy[top], loss=loss) for loss in LOSSES)
    return one, five, _plateau(logs, accuracy, top)


def _curve(logs: Array, position: Array, accuracy: Array) -> Array:
    """Averages over the trainings of all seeds and of rates within a tenth of a decade."""
    first = np.searchsorted(logs, logs - NEIGHBOURHOOD - TIE)
    last = np.searchsorted(logs, logs + NEIGHBOURHOOD + TIE)
    total, count = (
        np.append(0, np.cumsum(np.bincount(position, weights))) for weights in (accuracy, None)
    )
    return np.asarray((total[last] - total[first]) / (count[last] - count[first]))
