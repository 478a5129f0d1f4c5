"""Bins of confidence, and what a reliability diagram shows of each.

Bins are (lower, upper], the first one closed at 0, so a confidence of 1 lies in the last. The edges
of k bins of equal width are the floats nearest to i / k in the precision of the probabilities, so
0.3 lies on the edge 0.3 in single precision as well.
"""

from dataclasses import dataclass
from typing import Any

import lazy_loader
import numpy as np

from atelier.evaluation.validation import SAMPLES, TOLERANCE, checked_probs, map_blocks
from atelier.types import Array

scipy = lazy_loader.load("scipy")  # which a bare machine of the sweep may lack
FEW_VALUES = 256
"""Fewer values for each edge are searched for among the edges, not compared with each."""


@dataclass(frozen=True)
class ReliabilityBins:
    """The bins of a reliability diagram, each field of shape (bins,); NaN where a bin is empty."""

    lower: Array
    """Lower limits of the bins, in [0, 1]."""
    upper: Array
    """Upper limits of the bins, in [0, 1]; a limit belongs to its bin."""
    count: Array
    """Number of samples in the bin."""
    confidence: Array
    """Mean confidence of the samples in the bin."""
    accuracy: Array
    """Fraction of the samples in the bin whose prediction is correct."""

    @property
    def gap(self) -> Array:
        """|accuracy − confidence|, (bins,); 0 where a bin is empty."""
        return np.asarray(np.nan_to_num(np.abs(self.accuracy - self.confidence)))


def top_label(probs: Array, labels: Array) -> tuple[Array, Array]:
    """Returns the confidence of each prediction and whether it is correct.

    The prediction is the most probable class, the first one of equal ones. For (n,) probabilities
    it is outcome 1.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.

    Returns:
        Confidence in [0, 1] and correctness, 0 or 1, both (n,) float64.

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> confidence, correct = top_label(np.array([[0.75, 0.25], [0.5, 0.5]]), np.array([0, 1]))
        >>> confidence.tolist(), correct.tolist()
        ([0.75, 0.5], [1.0, 0.0])
    """
    if np.ndim(probs) == 1:
        probs, labels = checked_probs(probs, labels)
        confidence = probs.astype(np.float64)
        return np.clip(confidence, 0, 1, out=confidence), labels.astype(np.float64)
    confidence, correct = np.empty(len(probs)), np.empty(len(probs))

    def read(rows: slice, block: Array, true: Array) -> float:
        highest, lowest = _row_maxima(block)
        correct[rows] = _is_first_highest(block, highest, true)
        confidence[rows] = highest
        np.clip(confidence[rows], 0, 1, out=confidence[rows])
        return lowest

    checked_probs(probs, labels, visit=read)
    return confidence, correct


def _row_maxima(block: Array) -> tuple[Array, float]:
    """Returns the largest value of each row, (n,), and a number that no value is below.

    The bits of floats, read as integers without sign, are in the order of the floats where none is
    below 0, and integers are compared in half the time. The bits of a negative float are above all
    others: it would be its row's largest value, so that a block with one is seen.
    """
    flat, starts = block.reshape(-1), row_starts(block)
    if block.dtype.kind == "f" and block.dtype.itemsize <= np.dtype(np.uint64).itemsize:
        bits = flat.view(block.dtype.str.replace("f", "u"))
        highest = np.maximum.reduceat(bits, starts).view(block.dtype)
        if highest.min() > 0:
            return highest, 0.0
    return np.maximum.reduceat(flat, starts), float(block.min())


def _is_first_highest(block: Array, highest: Array, columns: Array) -> Array:
    """Returns whether each row's value in its column is the row's first highest one, (n,) bool.

    Twice the arg max of each row takes half the time of this. Two equal values, each above half of
    a row's sum, are impossible: only other rows can have a tie, which the first value wins.
    """
    is_highest = np.asarray(column_values(block, columns) == highest)
    largest_tie = (1 + TOLERANCE * block.shape[1]) / 2  # values may lie below 0 by TOLERANCE
    ties = np.flatnonzero(is_highest & (highest <= largest_tie))
    is_highest[ties] = block.take(ties, axis=0).argmax(axis=1) == columns[ties]
    return is_highest


def row_starts(block: Array) -> Array:
    """Returns the index of each row's first value in the flattened block, (n,)."""
    return np.arange(0, block.size, block.shape[1])


def column_values(block: Array, columns: Array) -> Array:
    """Returns the value of each row in its column.

    Args:
        block: (n, columns).
        columns: (n,), integers in [0, columns).

    Examples:
        >>> column_values(np.array([[1, 2], [3, 4]]), np.array([1, 0])).tolist()
        [2, 3]
    """
    return block.reshape(-1).take(row_starts(block) + columns)  # thrice as fast as block[i, j]


def equal_width_edges(n_bins: int, precision: np.dtype[Any] | None = None) -> Array:
    """Returns the inner edges of bins of equal width over [0, 1], (n_bins − 1,) float64.

    Args:
        n_bins: Number of bins, ≥ 1.
        precision: Floating type whose nearest values the edges are; other types count as float64.

    Raises:
        ValueError: If ``n_bins`` is less than 1 or no integer.

    Examples:
        >>> equal_width_edges(4).tolist()
        [0.25, 0.5, 0.75]
    """
    _check_count(n_bins)
    edges = np.arange(1, n_bins) / n_bins
    if precision is not None and precision.kind == "f":
        edges = edges.astype(precision).astype(np.float64)
    return np.asarray(edges)


def _check_count(n_bins: float) -> None:
    if not isinstance(n_bins, (int, np.integer)) or n_bins < 1:
        raise ValueError(f"Expected an integer n_bins ≥ 1. Received: {n_bins}")


def equal_mass_edges(values: Array, n_bins: int) -> Array:
    """Returns inner edges, (≤ n_bins − 1,), between which equally many of the values lie.

    An edge is one of the values and belongs to the bin below it; equal values share a bin, so
    the order of the samples does not matter. Ties, or fewer values than bins, make fewer bins; no
    bin is empty.

    Args:
        values: (n,), n ≥ 1.
        n_bins: Number of bins, ≥ 1.

    Raises:
        ValueError: If ``n_bins`` is less than 1 or no integer.

    Examples:
        >>> import numpy as np
        >>> equal_mass_edges(np.array([0.1, 0.2, 0.3, 0.9]), 2).tolist()
        [0.2]
    """
    _check_count(n_bins)
    last = -(-len(values) * np.arange(1, n_bins) // n_bins) - 1  # ⌈n i / k⌉ values lie below edge i
    edges = np.unique(np.partition(values, last)[last])
    return np.asarray(edges[edges < values.max()])


def bin_indices(values: Array, edges: Array) -> Array:
    """Returns the index of the bin (lower, upper] of each value, 0 … len(edges).

    It is the number of edges that the value exceeds.

    Examples:
        >>> import numpy as np
        >>> bin_indices(np.array([0.0, 0.5, 0.6]), np.array([0.5])).tolist()
        [0, 0, 1]
    """
    if len(edges) > np.iinfo(np.int8).max or values.size < FEW_VALUES * len(edges):
        return np.searchsorted(edges, values, side="left")
    indices = np.zeros(values.shape, np.int8)
    for edge in edges:  # faster than a search of many values in the few edges that bins have
        indices += (values > edge).view(np.int8)
    return indices


def bin_statistics(confidence: Array, correct: Array, edges: Array) -> ReliabilityBins:
    """Returns count, mean confidence and accuracy of each bin.

    Args:
        confidence: (n,), in [0, 1].
        correct: (n,), 0 or 1.
        edges: Inner edges of the bins, (bins − 1,), ascending.

    Returns:
        The statistics of all bins, NaN where a bin is empty.
    """
    bins = len(edges) + 1

    def block_sums(rows: slice) -> Array:
        """Returns the number of samples, Σ confidence and Σ correct of each bin, (3, bins)."""
        indices = bin_indices(confidence[rows], edges).astype(np.intp)
        sums = [np.bincount(indices, values[rows], bins) for values in (confidence, correct)]
        return np.array([np.bincount(indices, minlength=bins), *sums])

    blocks = map_blocks(block_sums, len(confidence), values=SAMPLES)
    count, *sums = np.sum(blocks, axis=0)
    with np.errstate(invalid="ignore"):
        means = [total / count for total in sums]
    limits = np.concatenate([[0.0], edges, [1.0]])
    return ReliabilityBins(limits[:-1], limits[1:], count.astype(np.int64), *means)


def reliability_bins(probs: Array, labels: Array, *, n_bins: int = 15) -> ReliabilityBins:
    """Returns count, mean confidence and accuracy of equal-width bins (Guo et al. 2017, fig. 1).

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        n_bins: Number of bins, ≥ 1.

    Returns:
        The bins, with NaN means where a bin is empty.

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> bins = reliability_bins(np.array([0.25, 0.75, 0.75]), np.array([0, 0, 1]), n_bins=2)
        >>> bins.count.tolist(), bins.confidence.tolist(), bins.accuracy.tolist()
        ([1, 2], [0.25, 0.75], [0.0, 0.5])
    """
    confidence, correct = top_label(probs, labels)
    return bin_statistics(confidence, correct, equal_width_edges(n_bins, np.asarray(probs).dtype))


def reliability_bands(bins: ReliabilityBins, *, level: float = 0.95) -> tuple[Array, Array]:
    """Returns the Clopper–Pearson interval of each bin's accuracy (Clopper & Pearson 1934).

    Of k correct ones among n they are the (1 − level) / 2 quantile of Beta(k, n − k + 1) and the
    (1 + level) / 2 quantile of Beta(k + 1, n − k): the interval holds the probability of being
    correct at least as often as the level says, in a bin of any size.

    Args:
        bins: From :func:`reliability_bins`.
        level: Confidence level of each bin, in (0, 1).

    Returns:
        Lower and upper limits in [0, 1], (bins,) each; NaN where a bin is empty.

    Raises:
        ValueError: If the level is outside (0, 1).

    Examples:
        >>> bins = reliability_bins(np.full(10, 0.75), np.array([1] * 9 + [0]), n_bins=1)
        >>> low, high = reliability_bands(bins)
        >>> low.round(4).tolist(), high.round(4).tolist()
        ([0.555], [0.9975])
    """
    if not 0 < level < 1:
        raise ValueError(f"Expected a level in (0, 1). Received: {level}")
    count = np.where(bins.count > 0, bins.count, np.nan)
    correct = np.rint(count * bins.accuracy)
    tail, quantile = (1 - level) / 2, scipy.special.betaincinv
    low = np.where(correct == 0, 0.0, quantile(np.maximum(correct, 1), count - correct + 1, tail))
    wrong = np.maximum(count - correct, 1)
    high = np.where(correct == count, 1.0, quantile(correct + 1, wrong, 1 - tail))
    return np.where(count > 0, low, np.nan), np.where(count > 0, high, np.nan)
