"""What measures and calibrators take: checked once, told plainly when it is something else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from atelier.types import Array

Result = TypeVar("Result")

TOLERANCE = 1e-3
"""By how much a row of probabilities may miss a sum of 1 (half precision does)."""

ROWS = 4096
"""Rows worked on at once: what stays in a core's cache while several passes go over it."""
FEW = 8
"""Blocks that are not worth a second thread."""


def map_blocks(work: Callable[[slice], Result], rows: int) -> list[Result]:
    """What ``work`` returns for each slice of ROWS rows, in their order; NumPy lets threads run."""
    slices = [slice(start, start + ROWS) for start in range(0, rows, ROWS)]
    if len(slices) <= FEW:
        return [work(one) for one in slices]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(work, slices))


def unmasked(name: str, values: Any) -> Array:
    """Returns the values as a plain array; a mask is never dropped in silence.

    Args:
        name: What the values are, for the message.
        values: Anything that NumPy takes for an array; a masked array only if nothing is masked.

    Raises:
        ValueError: Some values are masked (counted).
    """
    masked = int(np.sum(np.ma.getmaskarray(values))) if np.ma.isMaskedArray(values) else 0
    if masked:
        raise ValueError(
            f"Expected {name} without masked values. Received: {masked} of {values.size} masked; "
            "leave these rows out of every array, for example by x[~mask] or by compressed()"
        )
    return np.asarray(values)


def require_finite(name: str, values: Array) -> None:
    """Raise a ValueError that counts what is not a number."""
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise ValueError(
            f"Expected finite {name}. Received: {bad} of {values.size} NaN or infinite"
        )


def checked_labels(labels: Array, rows: int, classes: int) -> Array:
    """The labels as int64, (rows,), each in [0, classes).

    Raises:
        ValueError: Another shape, values that are masked, no integers, or outside the classes.
    """
    labels = unmasked("labels", labels)
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
        ValueError: Another shape, another number of classes, masked values, NaN or infinity.
    """
    logits = unmasked("logits", logits).astype(np.float64, copy=False)
    if logits.ndim != 2 or logits.shape[1] < 2 or classes not in (None, logits.shape[1]):
        raise ValueError(f"Expected logits (n, {classes or '≥ 2'}). Received: {logits.shape}")
    require_finite("logits", logits)
    return logits


def checked_probs(
    probs: Array, labels: Array, *, visit: Callable[[slice, Array, Array], None] | None = None
) -> tuple[Array, Array]:
    """Probabilities, (n, classes) with labels (n,) or (n,) with outcomes 0 and 1, as they are.

    ``visit`` is shown each block of rows, (rows, their probs, their labels), while they are at
    hand: reading 376 MB once takes half as long as reading them twice.

    Raises:
        ValueError: Another shape, masked values, NaN, values outside [0, 1], rows that do not sum
            to 1.
    """
    probs = unmasked("probs", probs)
    if probs.ndim not in (1, 2) or (probs.ndim == 2 and probs.shape[1] < 2):
        raise ValueError(f"Expected probs (n,) or (n, ≥ 2). Received: {probs.shape}")
    labels = checked_labels(labels, len(probs), probs.shape[1] if probs.ndim == 2 else 2)
    if probs.ndim == 1:
        require_finite("probs", probs)
        _check_range(float(probs.min()), float(probs.max()))
        return probs, labels
    ones = np.ones(probs.shape[1])

    def extremes(rows: slice) -> tuple[float, float, float]:
        block = probs[rows]
        if visit is not None:
            visit(rows, block, labels[rows])
        sums = block @ ones
        return float(block.min()), float(sums.min()), float(sums.max())

    lowest, *sums = np.array(map_blocks(extremes, len(probs))).T
    require_finite("probs", probs if not np.isfinite(sums).all() else lowest)  # NaN shows in a sum
    _check_range(float(lowest.min()), float(probs.max()) if lowest.min() < -TOLERANCE else 1.0)
    worst = max(float(sums[0].min()), float(sums[1].max()), key=lambda total: abs(total - 1))
    if abs(worst - 1) > TOLERANCE:
        raise ValueError(f"Expected rows of probs that sum to 1. Received: {worst}")
    return probs, labels


def _check_range(lowest: float, highest: float) -> None:
    if lowest < -TOLERANCE or highest > 1 + TOLERANCE:
        raise ValueError(f"Expected probs in [0, 1]. Received: {lowest} … {highest}")
