"""Covariances of Gaussians: the least variance that data can show, factors and their inverses."""

import numpy as np

from atelier.types import Array

COLLAPSE = 1e-6
"""Share of a Gaussian's weight off a single value, below which it has collapsed on that axis."""
CONDITION = 1e-13
"""Least variance of a direction, as a share of the axes' variances, that float64 resolves."""
ROUNDING = 0.5 * float(np.finfo(np.float64).eps)


def smallest_differences(points: Array) -> Array:
    """Returns the least distance between different values on each axis, 0 on a constant axis.

    Args:
        points: Shape (dimensions, n).

    Returns:
        Shape (dimensions,).
    """
    steps = np.array([np.diff(np.unique(axis)).min(initial=np.inf) for axis in points])
    return np.where(np.isfinite(steps), steps, 0.0)


def variance_resolution(steps: Array, mean_squares: Array) -> Array:
    """Returns the least variance on each axis that different values can have.

    A Gaussian whose weight lies on two neighbouring values, a share p of it on the one, has the
    variance p (1 - p) step²; with p below COLLAPSE it lies on a single value. Values that differ
    by no more than the rounding of float64 count as equal.

    Args:
        steps: Least distances between different values, shape (dimensions,).
        mean_squares: Mean of the squared values, as they were before anything was subtracted from
            them; shape (..., dimensions).

    Returns:
        Shape (..., dimensions).
    """
    return np.maximum(COLLAPSE * steps**2, ROUNDING**2 * mean_squares)


def apply_variance_floor(
    covariances: Array, least: Array, floor: Array | None = None
) -> tuple[Array, Array]:
    """Raises the variance of the directions in which there is less of it than can be.

    Each axis is first divided by the root of its least variance, so that the result follows the
    units of each axis.

    Args:
        covariances: Shape (k, dimensions, dimensions).
        least: Least variance on each axis, above 0; shape (k, dimensions).
        floor: What the variance becomes where it is less, on each axis; shape (k, dimensions).
            The least itself, if it is not given.

    Returns:
        The covariances, and which of them were raised, shape (k,).
    """
    axes = np.sqrt(least)
    units = axes[:, :, None] * axes[:, None, :]
    values, vectors = np.linalg.eigh(covariances / units)
    thin = values < 1
    which: Array = np.any(thin, axis=1)
    if not which.any():
        return covariances, which
    across = vectors.swapaxes(1, 2)
    flat = (vectors * thin[:, None, :]) @ across
    ratio = np.ones_like(least) if floor is None else floor / least
    wide = (vectors * np.where(thin, 0.0, values)[:, None, :]) @ across
    whole = (wide + flat @ (ratio[:, :, None] * flat)) * units
    whole = 0.5 * (whole + whole.swapaxes(1, 2))
    return np.where(which[:, None, None], whole, covariances), which


def invert_lower_triangular(factors: Array) -> Array:
    """Returns the inverses of lower triangular matrices, by forward substitution.

    SciPy's ``solve_triangular`` wakes all threads for each matrix, however small, and they wait
    for each other: on a busy machine that takes a hundred times as long.

    Args:
        factors: Shape (..., dimensions, dimensions), no 0 on the diagonals.

    Returns:
        The same shape, lower triangular.

    Examples:
        >>> invert_lower_triangular(np.array([[2.0, 0.0], [1.0, 4.0]]))
        array([[ 0.5  ,  0.   ],
               [-0.125,  0.25 ]])
    """
    inverses = np.zeros_like(factors)
    for row in range(factors.shape[-1]):
        diagonal = factors[..., row, row, None]
        before = factors[..., row, None, :row] @ inverses[..., :row, :row]
        inverses[..., row, :row] = -before[..., 0, :] / diagonal
        inverses[..., row, row] = 1 / diagonal[..., 0]
    return inverses
