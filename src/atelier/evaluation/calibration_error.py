"""How far a classifier's probabilities are from what happens: every measure of calibration here.

``probs`` is (n, classes) with integer ``labels``, of which the most probable class counts (top
label), or (n,) with outcomes 0 and 1. Bins are (lo, hi], the first one closed at 0, so a
confidence of 1 lies in the last; the edges of k bins are the floats nearest to i / k in the
precision of ``probs``, so 0.3 lies on the edge 0.3 in single precision as well. Ties of the most
probable class go to the first.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from atelier.evaluation.intervals import bootstrap_interval
from atelier.evaluation.smooth_error import smooth_ece
from atelier.evaluation.validation import (
    checked_labels,
    checked_logits,
    checked_probs,
    map_blocks,
    require_finite,
    unmasked,
)
from atelier.types import Array

__all__ = [
    "ReliabilityBins",
    "adaptive_calibration_error",
    "bootstrap_interval",
    "brier_score",
    "classwise_calibration_error",
    "debiased_calibration_error",
    "expected_calibration_error",
    "maximum_calibration_error",
    "negative_log_likelihood",
    "reliability_bins",
    "smooth_calibration_error",
    "top_label",
]


@dataclass(frozen=True)
class ReliabilityBins:
    """What a reliability diagram shows, each (bins,); NaN where a bin is empty."""

    lower: Array
    upper: Array
    count: Array
    confidence: Array
    """Mean confidence of the samples in the bin."""
    accuracy: Array
    """Share of the samples in the bin that came true."""

    @property
    def gap(self) -> Array:
        """|accuracy − confidence|, 0 where a bin is empty."""
        return np.asarray(np.nan_to_num(np.abs(self.accuracy - self.confidence)))


def top_label(probs: Array, labels: Array) -> tuple[Array, Array]:
    """Confidence in [0, 1] and whether it came true, both (n,) float64.

    Raises:
        ValueError: ``probs`` are no probabilities or ``labels`` no classes of theirs.
    """
    confidence, outcome = np.empty(len(probs)), np.empty(len(probs))

    def read(rows: slice, block: Array, true: Array) -> None:
        predicted = block.argmax(axis=1)
        confidence[rows] = block[np.arange(len(block)), predicted]
        outcome[rows] = predicted == true

    probs, labels = checked_probs(probs, labels, visit=read)
    if probs.ndim == 1:
        confidence, outcome = probs.astype(np.float64), labels.astype(np.float64)
    return np.clip(confidence, 0, 1, out=confidence), outcome


def equal_width_edges(n_bins: int, precision: np.dtype[Any] | None = None) -> Array:
    """The inner edges of ``n_bins`` bins of equal width over [0, 1], (n_bins − 1,) float64.

    Args:
        n_bins: Number of bins, ≥ 1.
        precision: Floating type whose nearest values the edges are; others count as float64.
    """
    if n_bins < 1:
        raise ValueError(f"Expected n_bins ≥ 1. Received: {n_bins}")
    edges = np.arange(1, n_bins) / n_bins
    if precision is not None and precision.kind == "f":
        edges = edges.astype(precision).astype(np.float64)
    return np.asarray(edges)


def equal_mass_edges(values: Array, n_bins: int) -> Array:
    """Inner edges, (≤ n_bins − 1,), between which equally many of the values lie.

    An edge is one of the values and belongs to the bin below it; equal values stay together, so
    the order of the samples plays no part. Ties, or fewer values than bins, make fewer bins; none
    is empty.
    """
    if n_bins < 1:
        raise ValueError(f"Expected n_bins ≥ 1. Received: {n_bins}")
    last = -(-len(values) * np.arange(1, n_bins) // n_bins) - 1  # ⌈n i / k⌉ values lie below edge i
    edges = np.unique(np.partition(values, last)[last])
    return np.asarray(edges[edges < values.max()])


def bin_indices(values: Array, edges: Array) -> Array:
    """Which bin (lo, hi] each value lies in, 0 … len(edges): how many edges it exceeds."""
    if len(edges) > np.iinfo(np.int8).max:
        return np.searchsorted(edges, values, side="left")
    where = np.zeros(values.shape, np.int8)
    for edge in edges:  # ten times as fast as a search, for the few edges that bins have
        where += values > edge
    return where


def _binned(confidence: Array, outcome: Array, edges: Array) -> ReliabilityBins:
    where, bins = bin_indices(confidence, edges).astype(np.intp), len(edges) + 1
    count = np.bincount(where, minlength=bins)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(where, values, bins) / count for values in (confidence, outcome)]
    limits = np.concatenate([[0.0], edges, [1.0]])
    return ReliabilityBins(limits[:-1], limits[1:], count, *means)


def reliability_bins(probs: Array, labels: Array, *, n_bins: int = 15) -> ReliabilityBins:
    """Counts, mean confidence and accuracy of equal-width bins (Guo et al. 2017, fig. 1)."""
    confidence, outcome = top_label(probs, labels)
    return _binned(confidence, outcome, equal_width_edges(n_bins, np.asarray(probs).dtype))


def expected_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo et al. 2017, eq. 3).

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        n_bins: Number of bins, ≥ 1.

    Raises:
        ValueError: ``probs`` are no probabilities or ``labels`` no classes of theirs.
    """
    bins = reliability_bins(probs, labels, n_bins=n_bins)
    return _mean_gap(bins)


def _mean_gap(bins: ReliabilityBins) -> float:
    return float(np.sum(bins.count * bins.gap) / bins.count.sum())


def maximum_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Largest gap between confidence and accuracy of a bin (Guo et al. 2017, eq. 5)."""
    return float(reliability_bins(probs, labels, n_bins=n_bins).gap.max())


def adaptive_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Mean gap over bins of equal mass (Nguyen & O'Connor 2015); equal values share a bin."""
    confidence, outcome = top_label(probs, labels)
    return _mean_gap(_binned(confidence, outcome, equal_mass_edges(confidence, n_bins)))


def debiased_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Squared error over bins of equal mass less what chance alone adds (Kumar et al. 2019,
    def. 5.1): may dip below 0, its mean is the truth.

    A bin of one sample has no estimate of its noise; nothing is taken off it.
    """
    confidence, outcome = top_label(probs, labels)
    bins = _binned(confidence, outcome, equal_mass_edges(confidence, n_bins))
    accuracy = np.nan_to_num(bins.accuracy)
    chance = accuracy * (1 - accuracy) / np.maximum(bins.count - 1, 1)
    return float(np.sum(bins.count * (bins.gap**2 - chance)) / bins.count.sum())


def smooth_calibration_error(probs: Array, labels: Array) -> float:
    """SmoothECE, smECE (Błasiok & Nakkiran 2023): no bins; as by the package relplot."""
    return smooth_ece(*top_label(probs, labels))


def classwise_calibration_error(probs: Array, labels: Array, *, n_bins: int = 15) -> float:
    """Mean over classes of the error of each class' own probability (Kull et al. 2019, eq. 3).

    An absent class counts: what it is given is error. (n,) probs are those of two classes.
    """
    probs, labels = checked_probs(probs, labels)
    if probs.ndim == 1:
        probs = np.stack([1 - probs, probs], axis=1)
    edges, classes = equal_width_edges(n_bins, probs.dtype), probs.shape[1]
    cells, offset = classes * n_bins, np.arange(classes) * n_bins

    def surplus(rows: slice) -> Array:
        """Σ confidence − Σ outcome, by class and bin."""
        block = probs[rows].astype(np.float64)
        where = bin_indices(block, edges) + offset
        true = where[np.arange(len(block)), labels[rows]]
        given = np.bincount(where.ravel(), block.ravel(), minlength=cells)
        return np.asarray(given - np.bincount(true, minlength=cells))

    total = np.sum(map_blocks(surplus, len(probs)), axis=0)
    return float(np.abs(total).sum() / (len(probs) * classes))


def negative_log_likelihood(logits: Array, labels: Array) -> float:
    """Mean −log softmax(logits)[label] in nats; in float64, safe at any scale.

    Raises:
        ValueError: Logits that are no finite, unmasked (n, classes ≥ 2), or labels no classes of
            theirs.
    """
    logits = unmasked("logits", logits)
    if logits.ndim != 2:
        raise ValueError(f"Expected logits (n, ≥ 2). Received: {logits.shape}")
    labels = checked_labels(labels, *logits.shape)
    require_finite("logits", logits)

    def surprise(rows: slice) -> float:
        block = checked_logits(logits[rows])
        block = block - block.max(axis=1, keepdims=True)
        true = block[np.arange(len(block)), labels[rows]]
        return float(np.sum((np.log(np.exp(block).sum(axis=1)) - true) / len(logits)))

    return sum(map_blocks(surprise, len(logits)))


def brier_score(probs: Array, labels: Array) -> float:
    """Mean squared distance of the probabilities from what came true (Brier 1950).

    Summed over the classes, in [0, 2], for (n, classes); (p − outcome)², in [0, 1], for (n,).
    """
    probs, labels = checked_probs(probs, labels)
    if probs.ndim == 1:
        return float(np.mean((probs.astype(np.float64) - labels) ** 2))

    def squares(rows: slice) -> float:
        block = probs[rows].astype(np.float64)
        block[np.arange(len(block)), labels[rows]] -= 1
        return float(np.einsum("ij,ij->", block, block))

    return sum(map_blocks(squares, len(probs))) / len(probs)
