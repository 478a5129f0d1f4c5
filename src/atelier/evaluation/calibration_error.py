"""Calibration errors: how far confidences are from the frequencies of what happens.

``probs`` is (n, classes) with integer ``labels``, of which the most probable class counts (top
label), or (n,) with outcomes 0 and 1. Ties of the most probable class go to the first. The bins are
those of :mod:`atelier.evaluation.reliability`.
"""

import numpy as np

from atelier.evaluation.reliability import (
    ReliabilityBins,
    bin_indices,
    bin_statistics,
    column_values,
    equal_mass_edges,
    equal_width_edges,
    reliability_bins,
    top_label,
)
from atelier.evaluation.smooth_error import smooth_ece
from atelier.evaluation.validation import checked_probs, real_numbers
from atelier.types import Array


def expected_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Returns the expected calibration error over equal-width bins (Guo et al. 2017, eq. 3).

    It is the mean of |accuracy − confidence| over the bins, weighted by their samples.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        n_bins: Number of bins, ≥ 1.

    Returns:
        The error, in [0, 1].

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> probs = np.array([[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.25, 0.75]])
        >>> expected_calibration_error(probs, np.array([0, 1, 1, 0]))
        0.25
    """
    return _mean_gap(reliability_bins(probs, labels, n_bins=n_bins))


def _mean_gap(bins: ReliabilityBins) -> float:
    return float(np.sum(bins.count * bins.gap) / bins.count.sum())


def maximum_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Returns the largest |accuracy − confidence| of a bin (Guo et al. 2017, eq. 5).

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        n_bins: Number of bins of equal width, ≥ 1.

    Returns:
        The error, in [0, 1].

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> maximum_calibration_error(np.array([0.25, 0.25, 0.75]), np.array([0, 1, 0]))
        0.75
    """
    return float(reliability_bins(probs, labels, n_bins=n_bins).gap.max())


def adaptive_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Returns the calibration error over bins of equal mass (Nguyen & O'Connor 2015, § 3).

    Equal confidences share a bin.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        n_bins: Number of bins, ≥ 1; ties make fewer.

    Returns:
        The error, in [0, 1].

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> probs = np.array([0.5, 0.625, 0.75, 0.875])
        >>> adaptive_calibration_error(probs, np.array([0, 1, 1, 1]), n_bins=2)
        0.125
    """
    return equal_mass_errors(*top_label(probs, labels), n_bins=n_bins)[0]


def debiased_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Returns the debiased squared calibration error (Kumar et al. 2019, def. 5.1).

    It is the squared error over bins of equal mass less the variance of each bin's accuracy. A bin
    of one sample has no estimate of its variance; nothing is subtracted there.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        n_bins: Number of bins, ≥ 1; ties make fewer.

    Returns:
        The squared error, at most 1; below 0 where chance makes the sample look better than it is.

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> probs, labels = np.full(5, 0.5), np.array([1, 1, 1, 1, 0])
        >>> round(debiased_calibration_error(probs, labels, n_bins=1), 4)
        0.05
    """
    return equal_mass_errors(*top_label(probs, labels), n_bins=n_bins)[1]


def equal_mass_errors(
    confidence: Array, correct: Array, *, n_bins: int = 15
) -> tuple[float, float]:
    """Returns the adaptive and the debiased calibration error, which share their bins.

    Args:
        confidence: (n,), in [0, 1].
        correct: (n,), 0 or 1.
        n_bins: Number of bins, ≥ 1; ties make fewer.

    Returns:
        :func:`adaptive_calibration_error` and :func:`debiased_calibration_error`.

    Examples:
        >>> import numpy as np
        >>> adaptive, debiased = equal_mass_errors(np.full(5, 0.5), np.array([1, 1, 1, 1, 0]))
        >>> round(adaptive, 4), round(debiased, 4)
        (0.3, 0.05)
    """
    bins = bin_statistics(confidence, correct, equal_mass_edges(confidence, n_bins))
    accuracy = np.nan_to_num(bins.accuracy)
    variance = accuracy * (1 - accuracy) / np.maximum(bins.count - 1, 1)
    debiased = float(np.sum(bins.count * (bins.gap**2 - variance)) / bins.count.sum())
    return _mean_gap(bins), debiased


def smooth_calibration_error(probs: Array, labels: Array) -> float:
    """Returns the smooth calibration error, SmoothECE, in [0, 1] (Błasiok & Nakkiran 2023).

    It has no bins: the residuals are smoothed by a Gaussian kernel whose width is as large as the
    error itself. The result is that of the authors' package relplot.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> round(smooth_calibration_error(np.full(100, 0.75), np.arange(100) % 2), 3)
        0.25
    """
    return smooth_ece(*top_label(probs, labels))


def classwise_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Returns the mean over classes of each class' calibration error (Kull et al. 2019, eq. 3).

    An absent class counts: any probability that it receives is error.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1,
            which are those of two classes.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        n_bins: Number of bins of equal width, ≥ 1.

    Returns:
        The error, in [0, 1].

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> probs = np.array([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
        >>> round(classwise_calibration_error(probs, np.array([0, 1])), 4)
        0.3333
    """
    probs = real_numbers("probs", probs)
    if probs.ndim == 1:
        probs, labels = checked_probs(probs, labels)
        probs = np.stack([1 - probs, probs], axis=1)
    edges = equal_width_edges(n_bins, np.asarray(probs).dtype)
    blocks: dict[int, Array] = {}

    def read(rows: slice, block: Array, true: Array) -> None:
        blocks[rows.start] = _surplus(block, true, edges)

    probs, _ = checked_probs(probs, labels, visit=read)
    total = np.sum([blocks[start] for start in sorted(blocks)], axis=0)
    return float(np.abs(total).sum() / probs.size)


def _surplus(probs: Array, labels: Array, edges: Array) -> Array:
    """Returns Σ confidence − Σ outcome by class and bin, (classes, bins), of (n, classes) probs."""
    classes, bins = probs.shape[1], len(edges) + 1
    is_sparse = classes > 2 * bins > 2
    sums = (_sparse_sums if is_sparse else _dense_sums)(probs, edges)
    outcomes = labels * bins + bin_indices(column_values(probs, labels), edges)
    return np.asarray(sums - np.bincount(outcomes, minlength=sums.size).reshape(sums.shape))


def _dense_sums(probs: Array, edges: Array) -> Array:
    """Returns Σ confidence by class and bin, (classes, bins)."""
    classes, bins = probs.shape[1], len(edges) + 1
    cells = bin_indices(probs, edges) + np.arange(classes) * bins
    sums = np.bincount(cells.reshape(-1), probs.reshape(-1), classes * bins)
    return np.asarray(sums.reshape(classes, bins))


def _sparse_sums(probs: Array, edges: Array) -> Array:
    """Returns Σ confidence by class and bin, (classes, bins), where most lie in the first bin.

    Few of many classes' probabilities lie above it, since they sum to 1: only these are sorted into
    bins, and what they leave of a class' sum is the first bin's.
    """
    classes, bins = probs.shape[1], len(edges) + 1
    flat = probs.reshape(-1)
    above = _positions_above(flat, edges[0])
    confidence = flat.take(above)
    columns = above - above // classes * classes  # in half the time of above % classes
    cells = columns * bins + bin_indices(confidence, edges)
    sums = np.bincount(cells, confidence, classes * bins).reshape(classes, bins).astype(np.float64)
    sums[:, 0] = np.ones(len(probs)) @ probs - sums.sum(axis=1)
    return np.asarray(sums)


def _positions_above(values: Array, limit: float) -> Array:
    """Returns the indices of the values, (n,), above a limit, ascending.

    It is np.flatnonzero(values > limit) in half the time where a twentieth of them are: eight
    comparisons are one integer, and only where that is not 0 each of them is looked at.
    """
    octets = np.zeros((-(-len(values) // 8), 8), bool)
    np.greater(values, limit, out=octets.reshape(-1)[: len(values)])
    hits = np.flatnonzero(octets.view(np.uint64)[:, 0] != 0)
    inside = np.flatnonzero(octets.take(hits, axis=0))
    return np.asarray((hits.take(inside >> 3) << 3) + (inside & 7))
