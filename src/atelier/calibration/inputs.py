"""What measures and calibrators take: checked once, told plainly when it is something else."""

from collections.abc import Iterator

import numpy as np

from atelier.types import Array

TOLERANCE = 1e-3
"""By how much a row of probabilities may miss a sum of 1 (half precision does)."""

ROWS = 4096
"""Rows worked on at once: what stays in a core's cache while several passes go over it."""


def blocks(count: int) -> Iterator[slice]:
    """Slices of ROWS rows that cover ``count``."""
    return (slice(start, start + ROWS) for start in range(0, count, ROWS))


def check_finite(name: str, values: Array) -> None:
    """Raise a ValueError that counts what is not a number."""
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise ValueError(f"Expected finite {name}. Received: {bad} of {values.size} NaN or infinite")


def checked_labels(labels: Array, rows: int, classes: int) -> Array:
    """The labels as int64, (rows,), each in [0, classes).

    Raises:
        ValueError: Another shape, values that are no integers, or outside the classes.
    """
    labels = np.asarray(labels)
    if labels.shape != (rows,) or rows == 0:
        raise ValueError(f"Expected labels of shape ({rows},), n > 0. Received: {labels.shape}")
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.int64)
    if not np.array_equal(whole, labels):
        raise ValueError(f"Expected integer labels. Received: dtype {labels.dtype} with fractions")
    if whole.min() < 0 or whole.max() >= classes:
        raise ValueError(
            f"Expected labels in [0, {classes}). Received: {whole.min()} … {whole.max()}"
        )
    return whole


def checked_logits(logits: Array, *, classes: int | None = None) -> Array:
    """The logits as float64, (n, classes ≥ 2).

    Raises:
        ValueError: Another shape, another number of classes, NaN or infinity.
    """
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 2 or logits.shape[1] < 2 or classes not in (None, logits.shape[1]):
        raise ValueError(f"Expected logits (n, {classes or '≥ 2'}). Received: {logits.shape}")
    check_finite("logits", logits)
    return logits


def checked_probs(probs: Array, labels: Array) -> tuple[Array, Array]:
    """Probabilities, (n, classes) with labels (n,) or (n,) with outcomes 0 and 1, as they are.

    Raises:
        ValueError: Another shape, NaN, values outside [0, 1], rows that do not sum to 1.
    """
    probs = np.asarray(probs)
    if probs.ndim not in (1, 2) or (probs.ndim == 2 and probs.shape[1] < 2):
        raise ValueError(f"Expected probs (n,) or (n, ≥ 2). Received: {probs.shape}")
    labels = checked_labels(labels, len(probs), probs.shape[1] if probs.ndim == 2 else 2)
    sums, lowest, highest = probs, 0.0, 1.0
    if probs.ndim == 1:
        lowest, highest = float(probs.min()), float(probs.max())
    else:
        ones, sums = np.ones(probs.shape[1]), np.empty(len(probs))
        for rows in blocks(len(probs)):
            block = probs[rows]
            np.matmul(block, ones, out=sums[rows])
            lowest = min(lowest, float(block.min()))
    if not np.isfinite(sums).all():  # NaN shows in a sum
        check_finite("probs", probs)
    if lowest < -TOLERANCE or highest > 1 + TOLERANCE:
        raise ValueError(f"Expected probs in [0, 1]. Received: {lowest} … {probs.max()}")
    worst = np.abs(sums - 1).argmax()
    if probs.ndim == 2 and abs(sums[worst] - 1) > TOLERANCE:
        raise ValueError(f"Expected rows of probs that sum to 1. Received: {sums[worst]}")
    return probs, labels
