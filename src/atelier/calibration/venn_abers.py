"""Inductive Venn–Abers calibration."""

import numpy as np
from scipy.optimize import isotonic_regression

from atelier.calibration.base import Map, OneVersusRest
from atelier.calibration.binning import TIE, merge_ties
from atelier.types import Array


def _merged(scores: Array, *, points: Array, lower: Array, upper: Array) -> Array:
    """Returns p₁ / (1 − p₀ + p₁) of each score, (n,), where p₀ ≤ p₁ are the two fits' values.

    Args:
        scores: (n,).
        points: Scores of the fit, (m,), increasing.
        lower: p₀ at each of them, (m,).
        upper: p₁ at each of them, (m,).
    """
    last = np.searchsorted(points, scores * (1 + TIE), side="right") - 1  # the point below
    first = np.searchsorted(points * (1 + TIE), scores, side="left")  # the point above
    low = np.append(lower, 0.0)[last]  # index −1: below all points
    high = np.append(upper, 1.0)[first]
    return np.asarray(high / (1 - low + high))


class VennAbers(OneVersusRest):
    """Inductive Venn–Abers prediction (Vovk, Petej & Fedorova 2015), one versus the rest.

    Isotonic regression is fitted twice for each new score: with this score added as a negative
    example, which gives p₀ for it, and as a positive one, which gives p₁. If the examples are
    exchangeable, one of the two is perfectly calibrated. The probability is p₁ / (1 − p₀ + p₁),
    which minimises the largest regret in log loss, and is neither 0 nor 1. All pairs are computed
    in O(n log n) by :func:`venn_abers_pairs`. ``fit`` takes logits, (n, classes), and labels,
    (n,); ``transform`` logits.

    Examples:
        >>> import numpy as np
        >>> logits = np.array([[0.0, -2.0], [0.0, -1.0], [0.0, 1.0], [0.0, 2.0]])
        >>> calibrator = VennAbers().fit(logits, np.array([0, 1, 0, 1]))
        >>> calibrator.transform(logits)[:, 1].round(3).tolist()
        [0.333, 0.5, 0.5, 0.667]
    """

    _function = staticmethod(_merged)

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        points, inverse, count = np.unique(
            merge_ties(scores), return_inverse=True, return_counts=True
        )
        positive = np.bincount(inverse, outcome)
        lower, upper = venn_abers_pairs(count, positive)
        return self._map(points=points, lower=lower, upper=upper)


def venn_abers_pairs(count: Array, positive: Array) -> tuple[Array, Array]:
    """Returns p₀ and p₁ of new examples whose scores are those of the fit.

    Args:
        count: Number of examples of each distinct score, (m,), in increasing order of the scores.
        positive: Number of positive ones among them, (m,).

    Returns:
        p₀ and p₁, each (m,) and non-decreasing. Between two scores p₀ is that of the lower, p₁ that
        of the higher one; below all scores p₀ is 0, above all p₁ is 1.

    Examples:
        >>> import numpy as np
        >>> lower, upper = venn_abers_pairs(np.array([1, 1]), np.array([0, 1]))
        >>> lower.tolist(), upper.tolist()
        ([0.0, 0.5], [0.5, 1.0])
    """
    mirrored = _with_positive(count[::-1], (count - positive)[::-1])
    return 1 - mirrored[::-1], _with_positive(count, positive)


def _with_positive(count: Array, positive: Array) -> Array:
    """Returns the isotonic fit's value at each score when a positive example is added there, (m,).

    It is the slope of the greatest convex minorant of the cumulative counts (x, y), after the
    points from the added example on have moved by (1, 1). To the right that minorant follows the
    corners of the original one; to the left it leaves from a point within the same block of
    equal fitted values. So the slope is the largest, over these points, of the least slope to a
    corner. It does not decrease from score to score, so the largest over all points to the left is
    the same.
    """
    x = np.append(0, np.cumsum(count)).astype(np.float64)
    y = np.append(0, np.cumsum(positive)).astype(np.float64)
    weights = count.astype(np.float64)
    blocks = isotonic_regression(positive / count, weights=weights).blocks  # (corners,), 0 … m
    block = np.searchsorted(blocks, np.arange(len(count)), side="right") - 1  # of each score
    corners_x, corners_y = x[blocks] + 1, y[blocks] + 1
    slopes = _tangents(x[:-1], y[:-1], corners_x, corners_y, block + 1)
    return np.asarray(np.maximum.accumulate(slopes))


def _tangents(x: Array, y: Array, corners_x: Array, corners_y: Array, first: Array) -> Array:
    """Returns the least slope from each point to a corner of a convex chain, (m,).

    Args:
        x: Of the points, (m,), each left of its corners.
        y: Of the points, (m,).
        corners_x: Of the chain, (corners,), increasing.
        corners_y: Of the chain, (corners,), convex.
        first: The first corner that counts, of each point, (m,).
    """
    low, high = first, np.full_like(first, len(corners_x) - 1)
    while (low < high).any():
        middle = (low + high) // 2
        following = np.minimum(middle + 1, len(corners_x) - 1)
        rise = (corners_y[following] - y) * (corners_x[middle] - x)
        falls = rise < (corners_y[middle] - y) * (corners_x[following] - x)
        low, high = np.where(falls, following, low), np.where(falls, high, middle)
        low = np.minimum(low, high)
    return np.asarray((corners_y[low] - y) / (corners_x[low] - x))
