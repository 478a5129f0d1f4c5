"""Draws the trainings and the test images of a study again, for the intervals of any measure."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.sweep.analysis import NEIGHBOURHOOD, TIE
from atelier.sweep.arms import arm_columns
from atelier.types import Array

STUDY_RESAMPLES = 400
"""Resamples of an interval."""


class Resamples(NamedTuple):
    """Resampled studies. The drawn images are the same for every arm, so that arms pair."""

    members: Array
    """Which training stands for each member, (resamples, members) row numbers."""
    accuracy: Array
    """Its accuracy on the drawn images, (resamples, members)."""


def resample_study(
    table: pd.DataFrame,
    correct: Array | None,
    *,
    images: int,
    seed: int,
    shared_noise: bool = True,
) -> Resamples:
    """Draws trainings and test images with replacement.

    Each member is replaced by a random training of its arm within a tenth of a decade: another
    seed, or a neighbouring rate where the grid is so fine. Where there is none, it stays, and
    intervals cover the test images only.

    Where it is not stored which images each member classifies correctly, accuracies get normal
    noise of the binomial variance p·(1 - p)/n instead.

    Args:
        table: A row per member.
        correct: Which test images each member classifies correctly, (members, images) bool, in
            the table's order; None if it is unknown.
        images: Number of test images.
        seed: Of the resampling.
        shared_noise: Whether the members of an arm share that noise, which is an upper limit for
            the variance of their mean, or have noise of their own, an upper limit for their
            difference.

    Returns:
        Trainings and accuracies of each resample.

    Examples:
        >>> table = pd.DataFrame({"learning_rate": [0.1, 1.0], "test_accuracy": [1.0, 0.0]})
        >>> table = table.assign(optimizer="sgd", dropout=0.0)
        >>> drawn = resample_study(table, np.array([[1, 1], [0, 0]], bool), images=2, seed=0)
        >>> drawn.members[0], drawn.accuracy.mean(0)
        (array([0, 1]), array([1., 0.]))
    """
    rng = np.random.default_rng(seed)
    arm = table.groupby(arm_columns(table), sort=False).ngroup().to_numpy()
    members = _draw_repetitions(rng, arm, np.log10(table["learning_rate"].to_numpy()))
    if correct is not None:
        counts = rng.multinomial(images, np.full(images, 1 / images), size=STUDY_RESAMPLES)
        accuracy = counts @ correct.T.astype(float) / images
    else:
        mean = table["test_accuracy"].to_numpy()
        group = arm if shared_noise else np.arange(len(arm))
        noise = rng.normal(size=(STUDY_RESAMPLES, group.max() + 1))[:, group]
        accuracy = (mean + noise * np.sqrt(mean * (1 - mean) / images)).clip(0, 1)
    return Resamples(members, np.take_along_axis(accuracy, members, axis=1))


def _draw_repetitions(rng: np.random.Generator, arm: Array, logs: Array) -> Array:
    """Returns row numbers (resamples, members): each a training of the member's neighbourhood."""
    drawn = np.empty((STUDY_RESAMPLES, len(arm)), int)
    for index in range(arm.max() + 1):
        rows = np.flatnonzero(arm == index)
        rows = rows[np.argsort(logs[rows], kind="stable")]
        first = np.searchsorted(logs[rows], logs[rows] - NEIGHBOURHOOD - TIE)
        last = np.searchsorted(logs[rows], logs[rows] + NEIGHBOURHOOD + TIE)
        drawn[:, rows] = rows[rng.integers(first, last, size=(STUDY_RESAMPLES, len(rows)))]
    return drawn
