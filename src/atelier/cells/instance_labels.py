"""Instance labels: whatever cells are called, they are numbered from 1 before they are used."""

import numpy as np

from atelier.types import Array


def number_cells(labels: Array) -> tuple[Array, Array]:
    """Labels numbered from 1 without gaps, int32 of the same shape, and the cells' ids.

    Cell i of the result is ``ids[i - 1]`` of ``labels``; ids rise, and 0 stays background. What
    takes labels numbers them first: time and memory then follow the pixels and not the ids, and
    no id is too large for a float.

    Args:
        labels: Instance labels of any shape, integers or Booleans; 0 is background.

    Raises:
        ValueError: Labels are no integers, negative, or masked.
    """
    labels = check_labels(labels)
    if labels.size == 0:
        return labels.astype(np.int32), labels.ravel().astype(np.int64)
    if int(labels.max()) >= 4 * labels.size + 256:
        ids, ranks = np.unique(np.append(labels, labels.dtype.type(0)), return_inverse=True)
        return ranks[:-1].reshape(labels.shape).astype(np.int32), ids[1:]
    if labels.dtype in {np.dtype(bool), np.dtype(np.uint64)}:  # which index nothing
        labels = labels.astype(np.intp)
    there = np.bincount(labels.ravel()) > 0
    there[0] = False
    table = np.cumsum(there, dtype=np.int32) * there
    return np.take(table, labels), np.flatnonzero(there)


def check_labels(labels: Array) -> Array:
    """The labels as an array, if they are instance labels.

    Raises:
        ValueError: Labels are no integers, negative, or masked.
    """
    if np.ma.is_masked(labels):
        raise ValueError(
            "Expected labels of every pixel; fill masked ones first, such as labels.filled(0). "
            f"Received: {np.ma.getmaskarray(labels).sum():,} masked of {labels.size:,}"
        )
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iub":
        raise ValueError(f"Expected integer labels. Received: {labels.dtype}")
    if labels.dtype.kind == "i" and labels.size and labels.min() < 0:
        raise ValueError(
            "Expected labels of at least 0; set pixels that belong to no cell to 0, such as the "
            f"-1 of OpenCV's watershed. Received: {labels.min()}, {(labels < 0).sum():,} negative"
        )
    return labels
