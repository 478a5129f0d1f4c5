"""Muon, which orthogonalizes the momentum of a matrix (Jordan et al. 2024)."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from atelier.sweep.optimizers.base import Slots

MUON_MOMENTUM = 0.95
MUON_SCALE = 0.2
NEWTON_SCHULZ = (3.4445, -4.775, 2.0315)
"""Coefficients a, b and c of the polynomial a σ + b σ³ + c σ⁵ of the singular values."""
NEWTON_SCHULZ_STEPS = 5
NORM_EPSILON = 1e-7


def muon(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates a matrix by Muon with Nesterov's momentum: m ← μ m + g, w ← w − η s U.

    U is :func:`orthogonalize` of g + μ m, and s = .2 √max(rows, columns) gives U the size of
    Adam's steps (Liu et al. 2025, eq. 4).

    Args:
        w: Weights (members, rows, columns).
        slots: The momentum m.
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1; not used.

    Returns:
        The new weights and the new slot variables.
    """
    del t
    average = MUON_MOMENTUM * slots[0] + g
    direction = orthogonalize(g + MUON_MOMENTUM * average)
    return w - rate * MUON_SCALE * max(w.shape[1:]) ** 0.5 * direction, (average,)


def orthogonalize(x: jax.Array) -> jax.Array:
    """Moves all singular values of matrices near 1 by Newton-Schulz iterations.

    The iteration X ← (a + b A + c A²) X with A = X Xᵀ multiplies X by a polynomial of A. All of
    them commute, so that A and the product of the polynomials are computed on the smaller side
    alone, and X is read twice: for A, and for the last product.

    Args:
        x: Matrices (members, rows, columns).

    Returns:
        Matrices of the same shape, with singular values between .7 and 1.2 where those of `x` were
        above a thousandth of its norm.

    Examples:
        >>> orthogonalize(jnp.array([[[3.0, 0.0], [0.0, 4.0]]])).round(1)
        Array([[[0.7, 0. ],
                [0. , 1.1]]], dtype=float32)
    """
    if x.shape[1] < x.shape[2]:
        return orthogonalize(x.swapaxes(1, 2)).swapaxes(1, 2)
    a, b, c = NEWTON_SCHULZ
    multiply = partial(jnp.matmul, precision=lax.Precision.HIGHEST)  # else a GPU rounds to TF32
    gram = multiply(x.swapaxes(1, 2), x)
    norm = jnp.sqrt(jnp.trace(gram, axis1=1, axis2=2))[:, None, None] + NORM_EPSILON
    gram, identity = gram / norm**2, jnp.eye(x.shape[2])
    product = jnp.broadcast_to(identity, gram.shape) / norm
    for _ in range(NEWTON_SCHULZ_STEPS):
        polynomial = a * identity + b * gram + c * multiply(gram, gram)
        gram = multiply(multiply(polynomial, gram), polynomial)
        product = multiply(polynomial, product)
    return multiply(x, product)
