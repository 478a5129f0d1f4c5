"""Tests of the hypothesis that probabilities are calibrated, with p-values.

Two walk over the samples in order of their confidence and sum up correctness − confidence: under
calibration this is a Brownian motion in the limit (Arrieta-Ibarra, Gujral, Tannen, Tygert & Xu
2022). They test the most probable class. The third compares all classes of all pairs of rows by a
kernel (Widmann, Lindsten & Zachariah 2019).
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import lazy_loader
import numpy as np

from atelier.evaluation.reliability import top_label
from atelier.evaluation.validation import checked_probs
from atelier.types import Array

scipy = lazy_loader.load("scipy")  # which a bare machine of the sweep may lack
TERMS = 100
"""Terms of the series of the limit distributions."""
CERTAIN = 0.2
"""Range and maximum of a Brownian motion exceed it with a probability of 1 − 10⁻¹³."""
PAIRS = 1000
"""Most pairs of rows of which the median distance is taken."""


class CalibrationTest(NamedTuple):
    """A statistic and the probability of one as large under calibration."""

    statistic: float
    """The calibration error that the test measures."""
    p_value: float
    """In [0, 1]."""


def ks_calibration_test(probs: Array, labels: Array) -> CalibrationTest:
    """Tests calibration by the Kolmogorov–Smirnov error (Gupta et al. 2021, eq. 7).

    The statistic is max over k of |Σ (correct − confidence)| / n over the k least confident
    samples: the largest distance of the cumulative accuracy from the cumulative confidence (ECCE-
    MAD of Arrieta-Ibarra et al. 2022). Divided by √(Σ c (1 − c)) / n it has in the limit the
    distribution of max |B| of a Brownian motion B on [0, 1]. Samples of equal confidence are
    summed at once, so their order does not matter.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.

    Returns:
        The error, in [0, 1], and its p-value.

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> test = ks_calibration_test(np.full(100, 0.75), np.arange(100) % 2)
        >>> round(test.statistic, 3), test.p_value < 1e-6
        (0.25, True)
    """
    walk, scale = _cumulative_difference(*top_label(probs, labels))
    statistic = float(np.abs(walk).max())
    return CalibrationTest(statistic, _p_value(statistic, scale, maximum_survival))


def kuiper_calibration_test(probs: Array, labels: Array) -> CalibrationTest:
    """Tests calibration by the Kuiper error (Arrieta-Ibarra et al. 2022, ECCE-R).

    The statistic is the range, max − min, of the cumulative difference of
    :func:`ks_calibration_test`: the largest |Σ (correct − confidence)| / n over any interval of
    confidences. In the limit it has the distribution of the range of a Brownian motion.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.

    Returns:
        The error, in [0, 1], and its p-value.

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> test = kuiper_calibration_test(np.full(100, 0.75), np.arange(100) % 2)
        >>> round(test.statistic, 3), test.p_value < 1e-6
        (0.25, True)
    """
    walk, scale = _cumulative_difference(*top_label(probs, labels))
    statistic = float(walk.max() - walk.min())
    return CalibrationTest(statistic, _p_value(statistic, scale, range_survival))


def _cumulative_difference(confidence: Array, correct: Array) -> tuple[Array, float]:
    """Returns Σ (correct − confidence) / n from 0 on, and the deviation of its last value."""
    order = np.argsort(confidence)
    ordered = confidence[order]
    total = np.concatenate([[0.0], np.cumsum(correct[order] - ordered)]) / len(order)
    last_of_equals = np.concatenate([[True], ordered[1:] != ordered[:-1], [True]])
    scale = math.sqrt(float(np.sum(confidence * (1 - confidence)))) / len(order)
    return total[last_of_equals], scale


def _p_value(statistic: float, scale: float, survival: Callable[[float], float]) -> float:
    """Returns the p-value of a statistic; forecasts of 0 and 1 alone have no deviation."""
    if scale == 0:
        return float(statistic == 0)
    return survival(statistic / scale)


def maximum_survival(x: float) -> float:
    """Returns P(max |B| > x) of a Brownian motion on [0, 1] (Feller 1971, § X.5).

    It is 1 − 4/π Σ (−1)ᵏ / (2k + 1) exp(−(2k + 1)² π² / (8x²)); for large x, by reflection,
    4 Σ (−1)ᵏ (1 − Φ((2k + 1) x)), which has no cancellation.

    Examples:
        >>> round(maximum_survival(2.2414), 4)
        0.05
    """
    if x < CERTAIN:
        return 1.0
    k = np.arange(TERMS)
    signs = (-1.0) ** k
    return float(np.clip(4 * np.sum(signs * scipy.stats.norm.sf((2 * k + 1) * x)), 0, 1))


def range_survival(x: float) -> float:
    """Returns P(max B − min B > x) of a Brownian motion on [0, 1] (Feller 1951, eq. 3.6).

    It is 8 Σ (−1)ᵏ⁻¹ k (1 − Φ(k x)) over k ≥ 1.

    Examples:
        >>> round(range_survival(2.4977), 4)
        0.05
    """
    if x < CERTAIN:
        return 1.0
    k = np.arange(1, TERMS)
    signs = (-1.0) ** (k - 1)
    return float(np.clip(8 * np.sum(signs * k * scipy.stats.norm.sf(k * x)), 0, 1))


def kernel_calibration_test(
    probs: Array, labels: Array, *, seed: int, resamples: int = 1000, block_rows: int = 500
) -> CalibrationTest:
    """Tests the calibration of all classes by the squared kernel calibration error (SKCE).

    With e the unit vectors of the classes, h(i, j) = exp(−‖pᵢ − pⱼ‖ / ν) (e_yᵢ − pᵢ)·(e_yⱼ − pⱼ)
    has mean 0 over pairs of independent rows if, and only if, the probabilities are calibrated
    (Widmann et al. 2019, lemma 1). The statistic is the mean of h over all pairs i ≠ j within
    blocks of rows, which is unbiased and costs O(n · block_rows); ν is the median distance. Under
    calibration Σ wᵢ wⱼ h(i, j) with random signs w has the same limit distribution (wild bootstrap,
    Dehling & Mikosch 1994); the p-value is (1 + number of its draws at least as large) /
    (1 + resamples).

    Args:
        probs: Class probabilities, (n ≥ 2, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        seed: Seed of the blocks and of the signs.
        resamples: Draws of signs, ≥ 1; the smallest p-value is 1 / (1 + resamples).
        block_rows: Most rows of a block, ≥ 2; more make the test stronger.

    Returns:
        The unbiased SKCE, below 0 by chance where it is near 0, and its p-value.

    Raises:
        ValueError: If ``probs`` are no probabilities, ``labels`` no classes of theirs, or there is
            only one row.

    Examples:
        >>> import numpy as np
        >>> labels = np.arange(100) % 2
        >>> test = kernel_calibration_test(np.tile([0.75, 0.25], (100, 1)), labels, seed=0)
        >>> round(test.statistic, 3), test.p_value < 0.01
        (0.12, True)
    """
    probs, labels = checked_probs(probs, labels)
    if len(probs) < 2 or block_rows < 2:
        raise ValueError(f"Expected 2 rows or more. Received: {len(probs)}, blocks {block_rows}")
    if probs.ndim == 1:
        probs = np.stack([1 - probs, probs], axis=1)
    probs = probs.astype(np.float64)
    rng = np.random.default_rng(seed)
    blocks = np.array_split(rng.permutation(len(probs)), -(-len(probs) // block_rows))
    width = _median_distance(probs)
    total, pairs, drawn = 0.0, 0, np.zeros(resamples)
    for rows in blocks:
        products = _kernel_products(probs[rows], labels[rows], width)
        signs = rng.choice([-1.0, 1.0], size=(resamples, len(rows)))
        drawn += np.einsum("ri,ri->r", signs @ products, signs)
        total += float(products.sum())
        pairs += len(rows) * (len(rows) - 1)
    p_value = (1 + int(np.sum(drawn >= total))) / (1 + resamples)
    return CalibrationTest(total / pairs, p_value)


def _kernel_products(probs: Array, labels: Array, width: float) -> Array:
    """Returns h(i, j) of all pairs of rows, (n, n), and 0 on the diagonal."""
    residuals = -probs
    residuals[np.arange(len(probs)), labels] += 1
    products = np.exp(_distances(probs) / -width) * (residuals @ residuals.T)
    np.fill_diagonal(products, 0)
    return np.asarray(products)


def _distances(points: Array) -> Array:
    """Returns the Euclidean distances of all pairs of rows, (n, n)."""
    squares = np.einsum("ij,ij->i", points, points)
    squared = squares[:, None] + squares - 2 * (points @ points.T)
    return np.asarray(np.sqrt(np.maximum(squared, 0, out=squared), out=squared))


def _median_distance(probs: Array) -> float:
    """Returns the median distance of PAIRS or fewer pairs of rows; 1 where it is 0."""
    pairs = min(PAIRS, len(probs) // 2)
    rows = np.linspace(0, len(probs) - 1, 2 * pairs).astype(int)
    differences = probs[rows[:pairs]] - probs[rows[pairs:]]
    median = float(np.median(np.linalg.norm(differences, axis=1)))
    return median if median > 0 else 1.0
