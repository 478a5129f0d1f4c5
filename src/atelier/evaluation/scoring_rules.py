"""Proper scoring rules: the negative log-likelihood and the Brier score of probabilities."""

import math

import numpy as np

from atelier.evaluation.reliability import column_values
from atelier.evaluation.validation import (
    checked_labels,
    checked_logits,
    checked_probs,
    map_blocks,
    real_numbers,
    require_finite,
    require_unit_range,
)
from atelier.types import Array

SAFE_LOGIT = 300.0
"""Sums and ratios of exponentials of values within ± this overflow nowhere."""


def negative_log_likelihood(
    logits: Array, labels: Array, *, from_logits: bool = True, floor: float = 0.0
) -> float:
    """Returns the mean negative log-likelihood of the true classes, in nats.

    From logits it is the mean of log Σ exp(logits) − logits[label], in float64 and without
    overflow at any scale.

    Args:
        logits: (n, classes ≥ 2); probabilities if ``from_logits`` is false.
        labels: True classes, (n,), integers in [0, classes).
        from_logits: Whether ``logits`` are logits, not probabilities.
        floor: Probabilities below it count as it, so that the result is finite. Logits need none.

    Returns:
        The mean, ≥ 0; ∞ where a true class has probability 0 and there is no floor.

    Raises:
        ValueError: If the logits or probabilities are masked, not finite or of another shape, or
            the labels are no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 0.0], [0.0, 1000.0]]), np.array([0, 1])
        >>> round(negative_log_likelihood(logits, labels), 4)
        0.3466
        >>> probs = np.array([[0.5, 0.5], [0.0, 1.0]])
        >>> round(negative_log_likelihood(probs, labels, from_logits=False), 4)
        0.3466
    """
    if not from_logits:
        return float(log_losses(logits, labels, floor=floor).mean())
    logits = real_numbers("logits", logits)
    if logits.ndim != 2:
        raise ValueError(f"Expected logits (n, ≥ 2). Received: {logits.shape}")
    labels = checked_labels(labels, *logits.shape)

    def block_mean(rows: slice) -> float:
        block = checked_logits(logits[rows], finite=False)
        return float(np.sum(_logit_losses(block, labels[rows]) / len(logits)))

    mean = sum(map_blocks(block_mean, len(logits), columns=logits.shape[1]))
    if not np.isfinite(mean):
        require_finite("logits", logits)
    return mean


def _logit_losses(logits: Array, labels: Array) -> Array:
    """Returns log Σ exp(logits) − logits[label] of each row, (n,); NaN where a logit is infinite.

    Within ±SAFE_LOGIT no exponential and no ratio of two overflows, so it is the log of
    Σ exp(logits) / exp(logits[label]), and the maximum of each row is not needed.
    """
    lowest, highest = logits.min(), logits.max()
    if max(-lowest, highest) < SAFE_LOGIT:
        powers = np.exp(logits)
        return np.asarray(np.log(powers @ np.ones(logits.shape[1]) / column_values(powers, labels)))
    if not np.isfinite([lowest, highest]).all():
        return np.full(len(logits), np.nan)
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(shifted).sum(axis=1)) - column_values(shifted, labels))


def log_losses(probs: Array, labels: Array, *, floor: float = 0.0) -> Array:
    """Returns −log p(true class) of each sample, in nats and in the precision of ``probs``.

    Args:
        probs: Class probabilities, (n, classes ≥ 2).
        labels: True classes, (n,), integers in [0, classes).
        floor: Probabilities below it count as it.

    Returns:
        The losses, (n,), ≥ 0 but for rounding.

    Raises:
        ValueError: If ``probs`` have another shape, ``labels`` are no classes of theirs, or the
            probability of a true class is masked, NaN or outside [0, 1].

    Examples:
        >>> import numpy as np
        >>> log_losses(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 1]), floor=0.25).round(3)
        array([0.693, 1.386])
    """
    probs = real_numbers("probs", probs)
    if probs.ndim != 2 or probs.shape[1] < 2:
        raise ValueError(f"Expected probs (n, ≥ 2). Received: {probs.shape}")
    labels = checked_labels(labels, *probs.shape)
    true = probs[np.arange(len(labels)), labels]
    require_finite("probs", true)
    require_unit_range(float(true.min()), float(true.max()))
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(true.clip(floor)))


def brier_score(probs: Array, labels: Array) -> float:
    """Returns the mean squared distance of the probabilities from the outcomes (Brier 1950).

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.

    Returns:
        The sum over the classes, in [0, 2], for (n, classes); (p − outcome)², in [0, 1], for (n,).

    Raises:
        ValueError: If ``probs`` are no probabilities or ``labels`` no classes of theirs.

    Examples:
        >>> import numpy as np
        >>> brier_score(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0, 1]))
        0.25
    """
    squares: dict[int, float] = {}

    def read(rows: slice, block: Array, true: Array) -> None:
        distance = block.astype(np.float64)
        distance[np.arange(len(block)), true] -= 1
        squares[rows.start] = float(np.einsum("ij,ij->", distance, distance))

    probs, labels = checked_probs(probs, labels, visit=read)
    if probs.ndim == 1:
        return float(np.mean((probs.astype(np.float64) - labels) ** 2))
    return math.fsum(squares.values()) / len(probs)
