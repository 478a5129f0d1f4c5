"""The border between convergence and divergence, and its box-counting dimension."""

from typing import NamedTuple

import numpy as np
import scipy.stats

from atelier.types import Array

LEAST_BOXES = 8
"""Boxes along an axis, at least, for a box size to be used."""


class BoxDimension(NamedTuple):
    """A box-counting dimension with its 95 % interval, and the counts that it comes from."""

    dimension: float
    low: float
    high: float
    sizes: Array  # (scales,), in cells
    counts: Array  # (scales,)


def border_cells(measures: Array) -> Array:
    """Returns the cells between four members that have not all converged or all diverged.

    Args:
        measures: Negative where converged, (rows, columns).

    Returns:
        Booleans of shape (rows − 1, columns − 1).

    Examples:
        >>> border_cells(np.array([[-1, -1, -1], [-1, -1, 2]]))
        array([[False,  True]])
    """
    converged = measures < 0
    corners = np.stack(
        [converged[:-1, :-1], converged[:-1, 1:], converged[1:, :-1], converged[1:, 1:]]
    )
    return np.asarray(corners.any(0) & ~corners.all(0))


def box_dimension(cells: Array) -> BoxDimension:
    """Estimates the box-counting dimension of a set of cells.

    N(s) is the number of boxes of s × s cells that hold a cell of the set. The sizes s are the
    powers of 2 of which at least 8 boxes lie along the shorter axis. From each size to the next
    the counts have the slope log₂ N(s) − log₂ N(2s). The dimension is the mean of the slopes, and
    its interval that of the mean by Student's t. It says how far one power law describes the
    counts; it is no interval over seeds.

    Args:
        cells: Booleans of shape (rows, columns), at least 32 of each.

    Returns:
        The dimension; NaN with no interval if the set is empty.

    Raises:
        ValueError: If there are fewer than 32 rows or columns.

    Examples:
        >>> estimate = box_dimension(np.eye(64, dtype=bool))
        >>> round(estimate.dimension, 6), estimate.counts
        (1.0, array([64, 32, 16,  8]))
    """
    scales = int(np.log2(max(min(cells.shape) / LEAST_BOXES, 1))) + 1
    if cells.ndim != 2 or scales < 3:
        raise ValueError(f"Expected at least 32 rows and columns of cells. Received: {cells.shape}")
    sizes = 2 ** np.arange(scales)
    counts = np.array([_count_boxes(cells, int(size)) for size in sizes])
    if not cells.any():
        nan = float("nan")
        return BoxDimension(nan, nan, nan, sizes, counts)
    slopes = -np.diff(np.log2(counts))
    return BoxDimension(*mean_dimension(slopes), sizes, counts)


def _count_boxes(cells: Array, size: int) -> int:
    """Counts the boxes with a cell of the set; those at the end of an axis may be smaller."""
    rows, columns = (np.arange(0, length, size) for length in cells.shape)
    boxes = np.logical_or.reduceat(np.logical_or.reduceat(cells, rows, 0), columns, 1)
    return int(boxes.sum())


def mean_dimension(dimensions: Array) -> tuple[float, float, float]:
    """Returns a mean, as over seeds, with its 95 % interval by Student's t.

    Args:
        dimensions: At least 2.

    Returns:
        Mean, lower and upper limit.

    Examples:
        >>> [round(x, 3) for x in mean_dimension(np.array([1.1, 1.2, 1.3]))]
        [1.2, 0.952, 1.448]
    """
    mean = float(np.mean(dimensions))
    margin = float(scipy.stats.t.ppf(0.975, len(dimensions) - 1) * scipy.stats.sem(dimensions))
    return mean, mean - margin, mean + margin
