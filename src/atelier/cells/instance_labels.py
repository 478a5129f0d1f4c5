"""Instance labels: cells are numbered from 1 before any computation."""

import numpy as np

from atelier.types import Array


def number_cells(labels: Array) -> tuple[Array, Array]:
    """Numbers cells from 1 without gaps, in the order of their ids.

    Every function on labels numbers them first: time and memory then grow with the pixels, not
    with the ids, and no id is too large for a float.

    Args:
        labels: Instance labels of any shape, integers or Booleans; 0 is background.

    Returns:
        Labels of the same shape, int32, 0 being background, and the ids, (cells,), rising: cell i
        of the result is ``ids[i - 1]`` of ``labels``.

    Raises:
        ValueError: Labels are no integers, negative, or masked.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import number_cells
        >>> labels, ids = number_cells(np.array([0, 70000, 5]))
        >>> labels, ids
        (array([0, 2, 1], dtype=int32), array([    5, 70000]))
    """
    labels = check_labels(labels)
    if labels.size == 0:
        return labels.astype(np.int32), labels.ravel().astype(np.int64)
    if int(labels.max()) >= 4 * labels.size + 256:
        ids, ranks = np.unique(np.append(labels, labels.dtype.type(0)), return_inverse=True)
        return ranks[:-1].reshape(labels.shape).astype(np.int32), ids[1:]
    if labels.dtype in {np.dtype(bool), np.dtype(np.uint64)}:  # neither can be an index
        labels = labels.astype(np.intp)
    is_cell = np.bincount(labels.ravel()) > 0
    is_cell[0] = False
    table = np.cumsum(is_cell, dtype=np.int32) * is_cell
    return np.take(table, labels), np.flatnonzero(is_cell)


def check_labels(labels: Array) -> Array:
    """Returns the labels as an array, after a check that they are instance labels.

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
