"""Compares arms at a budget of k trainings: which arm is the better after k random rates."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from atelier.evaluation.intervals import SHARE, SHARE_GAIN, basic_interval
from atelier.sweep.analysis import TIE
from atelier.sweep.arms import ARM, arm_columns
from atelier.sweep.resampling import resample_study
from atelier.types import Array

BUDGETS = np.arange(1, 51)
"""Numbers of trainings k."""
TIE_DIGITS = 9
"""Selection accuracies that are equal to so many digits are ties."""


class _Arm(NamedTuple):
    """Expected test accuracy of an arm after k = 1 … 50 draws."""

    columns: Mapping[str, Any]
    repeated: bool
    """Whether some rate has another training within a tenth of a decade."""
    expected: Array
    """Shape (budgets,)."""
    drawn: Array
    """Shape (resamples, budgets)."""


def compare_budgets(
    table: pd.DataFrame, correct: Array | None, *, images: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Computes the expected test accuracy after k trainings, and who overtakes whom at which k.

    Each training draws its rate from the log-uniform distribution over the grid, and its seed.
    Of the k trainings the one with the highest selection accuracy is reported, with its test
    accuracy. The expectation is exact, see :func:`choice_probabilities`; it differs from the
    expected maximum of Dodge et al. 2019 (arXiv 1909.03004) in that the maximum is of another
    split than the one that is reported. Intervals are those of the basic bootstrap over
    trainings and test images, see :func:`atelier.sweep.resampling.resample_study`, for each k
    alone.

    Args:
        table: A row per member.
        correct: Which test images each member classifies correctly, (members, images) bool, in
            the table's order; None if it is unknown.
        images: Number of test images.
        seed: Of the resampling.

    Returns:
        A row per arm and k: ``k``, ``test_accuracy``, ``low``, ``high``, ``trainings``, ``seeds``;
        and a row per ordered pair of arms, see :func:`_overtaking`.

    Examples:
        >>> table = pd.DataFrame({"learning_rate": [0.1, 1.0], "seed": 0, "optimizer": "sgd"})
        >>> table = table.assign(dropout=0.0, selection_accuracy=[0.2, 0.8])
        >>> table["test_accuracy"] = [0.0, 1.0]
        >>> correct = np.array([[False] * 4, [True] * 4])
        >>> curves, _ = compare_budgets(table, correct, images=4, seed=0)
        >>> curves["test_accuracy"].head(3).tolist()  # 1 - 1 / 2^k
        [0.5, 0.75, 0.875]
    """
    arms = _budget_curves(table.reset_index(drop=True), correct, images, seed)
    curves = [
        dict(arm.columns) | {"k": int(k)} | _with_limits("test_accuracy", expected, drawn, SHARE)
        for arm in arms
        for k, expected, drawn in zip(BUDGETS, arm.expected, arm.drawn.T, strict=True)
    ]
    pairs = [_overtaking(arm, other) for arm, other in permutations(arms, 2)]
    return pd.DataFrame(curves), pd.DataFrame(pairs)


def choice_probabilities(selection: Array, weights: Array, budgets: Array = BUDGETS) -> Array:
    """Returns how probably each training is the one that is chosen among k draws.

    With F the weighted distribution of the selection accuracies, those of level s are chosen with
    probability F(s)^k - F(s⁻)^k, which trainings of equal accuracy share by their weights.

    Args:
        selection: Selection accuracy of each training, (n,).
        weights: Relative probability that one draw is this training, (n,), ≥ 0, not all 0.
        budgets: Numbers of draws k, with replacement, ≥ 1.

    Returns:
        Probabilities of shape (budgets, n); each row adds up to 1.

    Examples:
        >>> chosen = choice_probabilities(np.array([0.5, 0.9, 0.9]), np.ones(3), np.array([1, 2]))
        >>> chosen.round(3)
        array([[0.333, 0.333, 0.333],
               [0.111, 0.444, 0.444]])
    """
    _, level = np.unique(np.round(selection, TIE_DIGITS), return_inverse=True)
    mass = np.bincount(level, weights)
    below = np.cumsum(mass) / mass.sum()
    chosen = np.diff(below ** budgets[:, None], prepend=0.0)
    share = np.divide(weights, mass[level], out=np.zeros(len(level)), where=mass[level] > 0)
    return np.asarray(chosen[:, level] * share)


def rate_weights(rates: Array) -> Array:
    """Returns how probably a draw from the log-uniform distribution is each training.

    A rate stands for its part of the logarithmic axis, and its trainings share that part.

    Args:
        rates: Learning rate of each training, (n,).

    Examples:
        >>> rate_weights(np.array([0.01, 0.1, 0.1, 1.0]))
        array([1. , 0.5, 0.5, 1. ])
    """
    grid, position, count = np.unique(rates, return_inverse=True, return_counts=True)
    width = np.gradient(np.log10(grid)) if len(grid) > 1 else np.ones(1)
    return np.asarray((width / count)[position])


def _budget_curves(
    table: pd.DataFrame, correct: Array | None, images: int, seed: int
) -> list[_Arm]:
    """Computes the curve of each arm that has the whole grid, and its resamples."""
    resamples = resample_study(table, correct, images=images, seed=seed)
    selection, rates = (table[name].to_numpy() for name in ("selection_accuracy", "learning_rate"))
    accuracy = table["test_accuracy"].to_numpy()
    groups = list(table.groupby(arm_columns(table), sort=False))
    widest = max(np.ptp(np.log10(members["learning_rate"])) for _, members in groups)
    arms = []
    for group, members in groups:
        rows = members.index.to_numpy()
        if 0 < np.ptp(np.log10(rates[rows])) < widest - TIE:
            continue
        weights = rate_weights(rates[rows])
        chosen = choice_probabilities(selection[rows], weights)
        drawn = [
            (chosen if (drawn == rows).all() else choice_probabilities(selection[drawn], weights))
            @ values
            for drawn, values in zip(
                resamples.members[:, rows], resamples.accuracy[:, rows], strict=True
            )
        ]
        columns = dict(zip(arm_columns(table), group, strict=True)) | {
            "trainings": len(members),
            "seeds": members["seed"].nunique(),
        }
        repeated = bool((resamples.members[:, rows] != rows).any())
        arms.append(_Arm(columns, repeated, chosen @ accuracy[rows], np.array(drawn)))
    return arms


def _overtaking(arm: _Arm, other: _Arm) -> dict[str, Any]:
    """Finds the least k at which an arm is expected to be more accurate than another.

    Returns:
        The columns of the arm, those of the other with the prefix ``other_``; ``outcome``:
        "overtakes" if the 95 % interval of the difference is above 0 at ``k``, "not more than
        chance" if the difference is above 0 at ``k`` and no interval is, "never up to 50" if it is
        at no k, "one training of each rate" where the interval cannot contain the luck of a
        training; ``difference`` with ``low`` and ``high`` at that k, or at the last one.
    """
    differences, drawn = arm.expected - other.expected, arm.drawn - other.drawn
    limits = [
        _with_limits("difference", *pair, SHARE_GAIN)
        for pair in zip(differences, drawn.T, strict=True)
    ]
    certain = [index for index, row in enumerate(limits) if row["low"] > 0]
    ahead = np.flatnonzero(differences > 10.0**-TIE_DIGITS)
    index = int([*certain, *ahead, len(BUDGETS) - 1][0])
    return {
        **{name: arm.columns[name] for name in ARM if name in arm.columns},
        **{f"other_{name}": other.columns[name] for name in ARM if name in other.columns},
        "seeds": min(arm.columns["seeds"], other.columns["seeds"]),
        "outcome": _outcome(repeated=arm.repeated and other.repeated, certain=certain, ahead=ahead),
        "k": float(BUDGETS[index]) if len(ahead) else np.nan,
        **limits[index],
    }


def _outcome(*, repeated: bool, certain: list[int], ahead: Array) -> str:
    if not repeated:
        return "one training of each rate"
    if certain:
        return "overtakes"
    return "not more than chance" if len(ahead) else f"never up to {BUDGETS[-1]}"


def _with_limits(
    name: str, value: float, drawn: Array, bounds: tuple[float, float]
) -> dict[str, float]:
    low, high = basic_interval(float(value), drawn, bounds=bounds)
    return {name: float(value), "low": low, "high": high}
