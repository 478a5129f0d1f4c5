"""L-DoG, gradient descent that finds its step from distance and gradients of each array."""

import jax
import jax.numpy as jnp

from atelier.sweep.optimizers.base import Slots

FIRST_DISTANCE = 1e-6
DOG_EPSILON = 1e-8
AVERAGE_EXPONENT = 8


def l_dog(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by layer-wise distance over gradients (Ivgi et al. 2023): w − η r g / √(G + ε).

    r is the largest distance ‖w − w₀‖ of this array so far, at first 1e-6 (1 + ‖w₀‖), and G the sum
    of all ‖g‖². The mean with which it predicts, as its authors do, weighs the weights after step
    t by 9 / (8 + t): polynomial decay (Shamir & Zhang 2013).

    Args:
        w: Weights, of any shape with the population axis first.
        slots: w₀ and the mean, of the weights' shape; r and G, one for each member.
        g: Gradient, of the same shape.
        rate: η, which is 1 in the paper.
        t: Number of this step, from 1.

    Returns:
        The new weights and the new slot variables.
    """
    first, mean, distance, total = slots
    distance = jnp.maximum(distance, _norm(w - first))
    total = total + _norm(g) ** 2
    w = w - rate * distance * g / jnp.sqrt(total + DOG_EPSILON)
    share = (AVERAGE_EXPONENT + 1) / (AVERAGE_EXPONENT + t)
    return w, (first, mean + share * (w - mean), distance, total)


def first_distance(w: jax.Array) -> jax.Array:
    """Returns 1e-6 (1 + ‖w‖) for each member."""
    return FIRST_DISTANCE * (1 + _norm(w))


def first_total(w: jax.Array) -> jax.Array:
    """Returns 0 for each member, with an axis of length 1 for each of the weights' other axes."""
    return jnp.zeros((len(w), *(1,) * (w.ndim - 1)))


def polynomial_mean(w: jax.Array, slots: Slots, t: jax.Array) -> jax.Array:
    """Returns the mean of the weights with which L-DoG predicts."""
    del w, t
    return slots[1]


def _norm(x: jax.Array) -> jax.Array:
    return jnp.sqrt((x * x).sum(range(1, x.ndim), keepdims=True))
