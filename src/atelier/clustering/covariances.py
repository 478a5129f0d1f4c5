"""Covariances of Gaussians: their forms, the least variance that data can show, and factors."""

from collections.abc import Callable

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

    Examples:
        >>> import numpy as np
        >>> smallest_differences(np.array([[1.0, 3.0, 8.0], [7.0, 7.0, 7.0]]))
        array([2., 0.])
    """
    steps = np.array([np.diff(np.unique(axis)).min(initial=np.inf) for axis in points])
    return np.where(np.isfinite(steps), steps, 0.0)


def variance_resolution(steps: Array, mean_squares: Array) -> Array:
    """Returns the least variance on each axis that different values can have.

    A Gaussian whose weight lies on two neighbouring values, a share p of it on the first, has the
    variance p (1 - p) step²; with p below COLLAPSE it lies on a single value. Values that differ
    by no more than the rounding of float64 count as equal.

    Args:
        steps: Least distances between different values, shape (dimensions,).
        mean_squares: Mean of the squared values before their mean was subtracted; shape
            (..., dimensions).

    Returns:
        Shape (..., dimensions).
    """
    return np.maximum(COLLAPSE * steps**2, ROUNDING**2 * mean_squares)


def apply_variance_floor(
    covariances: Array, least: Array, floor: Array | None = None
) -> tuple[Array, Array]:
    """Raises the variance of each direction in which it is below the least possible variance.

    Each axis is first divided by the root of its least variance, so that the result follows the
    units of each axis.

    Args:
        covariances: Shape (k, dimensions, dimensions).
        least: Least variance on each axis, above 0; shape (k, dimensions).
        floor: Variance on each axis that replaces one below the least; shape (k, dimensions). By
            default the least variance itself.

    Returns:
        The covariances, and a mask of those that were raised, shape (k,).

    Examples:
        >>> import numpy as np
        >>> covariances = np.array([[[4.0, 0.0], [0.0, 1e-9]]])
        >>> raised, mask = apply_variance_floor(covariances, np.array([[0.01, 0.01]]))
        >>> raised.round(6).tolist(), mask.tolist()
        ([[[4.0, 0.0], [0.0, 0.01]]], [True])
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

    SciPy's ``solve_triangular`` wakes all threads for each matrix, however small, and the threads
    wait for each other: on a busy machine that takes a hundred times as long.

    Args:
        factors: Shape (..., dimensions, dimensions), no 0 on the diagonals.

    Returns:
        The same shape, lower triangular.

    Examples:
        >>> import numpy as np
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


def _full(scatter: Array, weights: Array) -> Array:
    return scatter


def _tied(scatter: Array, weights: Array) -> Array:
    mean = np.einsum("k,kij->ij", weights, scatter)
    return np.repeat(mean[None], len(scatter), axis=0)


def _diagonal(scatter: Array, weights: Array) -> Array:
    return scatter * np.eye(scatter.shape[1])


def _spherical(scatter: Array, weights: Array) -> Array:
    variance = np.einsum("kii->k", scatter) / scatter.shape[1]
    return np.asarray(variance[:, None, None] * np.eye(scatter.shape[1]))


COVARIANCE_FORMS: dict[str, Callable[[Array, Array], Array]] = {
    "full": _full,
    "tied": _tied,
    "diagonal": _diagonal,
    "spherical": _spherical,
}
"""Functions that give scatter matrices (k, d, d) their form, by the name of the form.

Their second argument is the weight of each component, (k,).
"""
