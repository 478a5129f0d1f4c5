"""Measures how much of an arm's accuracy is chance, and holds it to a law of independent errors."""

import lazy_loader
import numpy as np
import pandas as pd

from atelier.sweep.analysis import NEIGHBOURHOOD, TIE
from atelier.sweep.arms import arm_columns
from atelier.types import Array

scipy = lazy_loader.load("scipy")  # which a bare machine of the sweep may lack
CHANCE_COLUMNS = (
    *("trainings", "seeds", "rates", "accuracy", "observed", "observed_low", "observed_high"),
    *("independent", "on_all_images", "binomial", "ratio"),
)
"""Columns of the table of chance after those of the arm."""


def accuracy_spread(correct: Array) -> dict[str, float]:
    r"""Computes the spread of the accuracy over trainings, and what independent errors predict.

    Jordan 2023 (arXiv 2304.01910): if trainings that differ in their seed make independent errors
    on the n test images, image i being classified correctly with probability :math:`p_i`, then

    .. math:: \operatorname{Var}(A) = \frac{1}{n^2} \sum_i p_i (1 - p_i).

    In general the covariances of pairs of images are added to it. Their mean,

    .. math:: \frac{n}{n - 1} \Bigl(\operatorname{Var}(A) - \frac{1}{n^2} \sum_i p_i (1 - p_i)
       \Bigr) = \frac{1}{n (n - 1)} \sum_{i \ne j} \operatorname{Cov}_{ij},

    is an unbiased estimate of the variance of the accuracy on infinitely many images: that part
    is a difference between trainings and not between samples of images.

    Args:
        correct: Which images each training classifies correctly, (trainings, images) bool; at
            least two trainings and two images.

    Returns:
        ``accuracy``, the mean; standard deviations: ``observed`` over the trainings, with its
        95 % interval ``observed_low`` to ``observed_high`` (chi-squared); ``independent``, the
        law's; ``on_all_images``, on infinitely many images, 0 where the estimate is negative;
        ``binomial``, that of one training over samples of n images, for comparison; ``ratio``,
        observed to independent.

    Raises:
        ValueError: If there are fewer than two trainings or images.

    Examples:
        >>> spread = accuracy_spread(np.array([[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1]], bool))
        >>> {name: round(spread[name], 3) for name in ("accuracy", "observed", "independent")}
        {'accuracy': 0.667, 'observed': 0.289, 'independent': 0.289}
    """
    trainings, images = correct.shape
    if min(trainings, images) < 2:
        raise ValueError(
            f"Expected at least two trainings and two images. Received: {correct.shape}"
        )
    accuracy = correct.mean(1)
    observed = float(accuracy.var(ddof=1))
    independent = float(correct.var(0, ddof=1).sum() / images**2)
    freedom = trainings - 1
    low, high = np.sqrt(observed * freedom / scipy.stats.chi2.ppf([0.975, 0.025], freedom))
    mean = float(accuracy.mean())
    remainder = images / (images - 1) * (observed - independent)
    return {
        "accuracy": mean,
        "observed": observed**0.5,
        "observed_low": float(low),
        "observed_high": float(high),
        "independent": independent**0.5,
        "on_all_images": max(remainder, 0.0) ** 0.5,
        "binomial": (mean * (1 - mean) / images) ** 0.5,
        "ratio": (observed / independent) ** 0.5 if independent else np.nan,
    }


def chance_at_best(table: pd.DataFrame, correct: Array, best: pd.DataFrame) -> pd.DataFrame:
    """Computes the spread of each arm's accuracy at its best rate.

    The trainings are those of all seeds and of all rates within a tenth of a decade, as in the
    bands of the accuracy curves. Arms with fewer than two of them have no row.

    Args:
        table: A row per member.
        correct: Which test images each member classifies correctly, (members, images) bool, in
            the table's order.
        best: From :func:`atelier.sweep.best_learning_rates`.

    Returns:
        A row per arm: ``trainings``, ``seeds``, ``rates`` and the measures of
        :func:`accuracy_spread`.

    Examples:
        >>> table = pd.DataFrame({"optimizer": "sgd", "dropout": 0.0, "seed": [0, 1]})
        >>> table["learning_rate"] = 0.1
        >>> correct = np.array([[True, False], [True, True]])
        >>> rows = chance_at_best(table, correct, table[:1].assign(best_rate=0.1))
        >>> rows[["trainings", "accuracy", "observed"]].round(3).values.tolist()
        [[2.0, 0.75, 0.354]]
    """
    near, arm = members_near_best(table, best), arm_columns(table)
    rows = [
        dict(zip(arm, group, strict=True))
        | {
            "trainings": len(members),
            "seeds": members["seed"].nunique(),
            "rates": members["learning_rate"].nunique(),
        }
        | accuracy_spread(correct[members.index])
        for group, members in near.groupby(arm, sort=False)
        if len(members) > 1
    ]
    return best[arm].merge(pd.DataFrame(rows, columns=[*arm, *CHANCE_COLUMNS]), on=arm)


def members_near_best(table: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Returns the members within a tenth of a decade of their arm's best rate.

    Args:
        table: A row per member.
        best: From :func:`atelier.sweep.best_learning_rates`.

    Returns:
        These rows, indexed by their row number in the table.

    Examples:
        >>> table = pd.DataFrame({"learning_rate": [0.1, 0.11, 0.2], "optimizer": "sgd"})
        >>> table["dropout"] = 0.0
        >>> members_near_best(table, table[:1].assign(best_rate=0.1))["learning_rate"].tolist()
        [0.1, 0.11]
    """
    rows = table.reset_index(drop=True)
    arm = arm_columns(rows)
    rate = rows[arm].merge(best[[*arm, "best_rate"]], on=arm, how="left")["best_rate"]
    distance = np.abs(np.log10(rows["learning_rate"]) - np.log10(rate))
    near: pd.DataFrame = rows[distance <= NEIGHBOURHOOD + TIE]
    return near
