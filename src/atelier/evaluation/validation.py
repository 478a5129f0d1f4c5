"""Checks of logits, probabilities and labels, with messages that say what was expected."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import numpy as np

from atelier.types import Array

Result = TypeVar("Result")
Visit = Callable[[slice, Array, Array], float | None]
"""A function of rows, their probabilities and their labels. It returns a number that no probability
of the block is below, if it knows one that is at least −TOLERANCE."""

TOLERANCE = 1e-3
"""Largest distance of a row's sum from 1 (half precision comes near it)."""

BLOCK_VALUES = 262144
"""Values of a block: they stay in the processor's cache while several passes go over them."""
SAMPLES = 32768
"""Values of a block of work that makes several arrays of its size."""
SEQUENTIAL_BLOCKS = 4
"""So few blocks are worked on by one thread."""


def map_blocks(
    work: Callable[[slice], Result], rows: int, *, columns: int = 1, values: int = BLOCK_VALUES
) -> list[Result]:
    """Returns ``work(rows)`` for each block of rows; threads share them.

    Args:
        work: A function of a slice of rows. NumPy releases the interpreter, so threads help.
        rows: Number of rows.
        columns: Number of values of a row.
        values: Number of values of a block.

    Returns:
        The result of each block, in order.
    """
    size = max(values // columns, 1)
    slices = [slice(start, start + size) for start in range(0, rows, size)]
    if len(slices) <= SEQUENTIAL_BLOCKS:
        return [work(block) for block in slices]
    remaining = iter(slices)  # a thread takes the next one: a future for each would cost 30 µs

    def share() -> list[tuple[int, Result]]:
        return [(block.start, work(block)) for block in remaining]

    threads = 2 * (os.cpu_count() or 1)  # one goes on where another program takes a core
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(share) for _ in range(threads)]
    results = chain.from_iterable(future.result() for future in futures)
    return [result for _, result in sorted(results, key=itemgetter(0))]


def unmasked(name: str, values: Any) -> Array:
    """Returns the values as a plain array; a mask is an error, never dropped silently.

    Args:
        name: What the values are, for the message.
        values: Anything that NumPy takes for an array; a masked array only if nothing is masked.

    Raises:
        ValueError: If some values are masked (counted).
    """
    masked = int(np.sum(np.ma.getmaskarray(values))) if np.ma.isMaskedArray(values) else 0
    if masked:
        raise ValueError(
            f"Expected {name} without masked values. Received: {masked} of {values.size} masked; "
            "leave these rows out of every array, for example by x[~mask] or by compressed()"
        )
    return np.asarray(values)


def real_numbers(name: str, values: Any) -> Array:
    """Returns the values as a plain array of real numbers that NumPy computes with quickly.

    Args:
        name: What the values are, for the message.
        values: Anything that NumPy takes for an array of numbers.

    Returns:
        The array in the machine's byte order, of integers, Booleans or floats up to float64.

    Raises:
        ValueError: If some values are masked, or are text, dates or complex numbers.
    """
    array = unmasked(name, values)
    if array.dtype.kind in "iub" or (array.dtype.kind == "f" and array.dtype.itemsize <= 8):
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind not in "fO":
        raise ValueError(f"Expected {name} of real numbers. Received: dtype {array.dtype}")
    try:
        return np.asarray(array, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected {name} of real numbers. Received: {error}") from error


def require_finite(name: str, values: Array) -> None:
    """Raises a ValueError that counts the values that are NaN or infinite, if there are any."""
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        raise ValueError(
            f"Expected finite {name}. Received: {bad} of {values.size} NaN or infinite"
        )


def require_unit_range(lowest: float, highest: float) -> None:
    """Raises a ValueError if probabilities from ``lowest`` to ``highest`` are outside [0, 1]."""
    if lowest < -TOLERANCE or highest > 1 + TOLERANCE:
        raise ValueError(f"Expected probs in [0, 1]. Received: {lowest} … {highest}")


def checked_labels(labels: Array, rows: int, classes: int) -> Array:
    """Returns the labels as int64 after checking them.

    Args:
        labels: (rows,), integers in [0, classes), of any type.
        rows: Number of samples, ≥ 1.
        classes: Number of classes.

    Returns:
        The labels, (rows,) int64.

    Raises:
        ValueError: If they have another shape, are masked, are no integers or no classes.
    """
    labels = unmasked("labels", labels)
    if labels.shape != (rows,) or rows == 0:
        raise ValueError(f"Expected labels of shape ({rows},), n > 0. Received: {labels.shape}")
    with np.errstate(invalid="ignore"):
        whole = labels.astype(np.int64, copy=False)
    if labels.dtype.kind not in "iub" and not np.array_equal(whole, labels):
        raise ValueError(f"Expected integer labels. Received: dtype {labels.dtype} with fractions")
    if whole.min() < 0 or whole.max() >= classes:
        raise ValueError(
            f"Expected labels in [0, {classes}). Received: {whole.min()} … {whole.max()}"
        )
    return whole


def checked_logits(
    logits: Array, *, columns: int | None = None, min_columns: int = 2, finite: bool = True
) -> Array:
    """Returns the logits as float64 after checking them.

    Args:
        logits: (n, columns), finite.
        columns: Number of columns that is due; any from ``min_columns`` on if None.
        min_columns: Fewest columns that are accepted.
        finite: Whether values that are not finite are looked for.

    Returns:
        The logits, (n, columns) float64; the same array if it is float64 already.

    Raises:
        ValueError: If they have another shape, are masked, or are not finite.
    """
    logits = real_numbers("logits", logits).astype(np.float64, copy=False)
    accepted = logits.ndim == 2 and logits.shape[1] >= min_columns
    if not accepted or columns not in (None, logits.shape[1]):
        raise ValueError(
            f"Expected logits (n, {columns or f'≥ {min_columns}'}). Received: {logits.shape}"
        )
    if finite:
        require_finite("logits", logits)
    return logits


def checked_probs(
    probs: Array, labels: Array, *, visit: Visit | None = None
) -> tuple[Array, Array]:
    """Returns probabilities, unchanged, and their labels as int64 after checking both.

    Args:
        probs: Class probabilities, (n, classes ≥ 2), each row summing to 1, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        visit: Called with each block (rows, their probs, their labels) of (n, classes) probs while
            it is in the cache: reading 376 MB once takes half as long as reading them twice. Blocks
            come in any order, from several threads, before the check has ended.

    Returns:
        The probabilities and the labels.

    Raises:
        ValueError: If a shape is another one, values are masked, NaN or outside [0, 1], or a row
            does not sum to 1.
    """
    probs = real_numbers("probs", probs)
    if probs.ndim not in (1, 2) or (probs.ndim == 2 and probs.shape[1] < 2):
        raise ValueError(f"Expected probs (n,) or (n, ≥ 2). Received: {probs.shape}")
    labels = checked_labels(labels, len(probs), probs.shape[1] if probs.ndim == 2 else 2)
    if probs.ndim == 1:
        require_finite("probs", probs)
        require_unit_range(float(probs.min()), float(probs.max()))
    else:
        _check_rows(probs, labels, visit)
    return probs, labels


def _check_rows(probs: Array, labels: Array, visit: Visit | None) -> None:
    """Raises a ValueError unless each row of probs, (n, classes), is a distribution."""
    ones = np.ones(probs.shape[1])

    def extremes(rows: slice) -> tuple[float, float, float]:
        block = np.ascontiguousarray(probs[rows])
        lowest = visit(rows, block, labels[rows]) if visit is not None else None
        if lowest is None:
            lowest = float(block.min())
        sums = block @ ones
        return lowest, float(sums.min()), float(sums.max())

    lowest, *sums = np.array(map_blocks(extremes, len(probs), columns=probs.shape[1])).T
    require_finite("probs", probs if not np.isfinite(sums).all() else lowest)  # NaN shows in a sum
    negative = lowest.min() < -TOLERANCE
    require_unit_range(float(lowest.min()), float(probs.max()) if negative else 1.0)
    worst = max(float(sums[0].min()), float(sums[1].max()), key=lambda total: abs(total - 1))
    if abs(worst - 1) > TOLERANCE:
        raise ValueError(f"Expected rows of probs that sum to 1. Received: {worst}")
