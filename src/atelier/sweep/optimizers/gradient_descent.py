"""Gradient descent, with momentum and by sign."""

import jax
import jax.numpy as jnp

from atelier.sweep.optimizers.base import Slots

MOMENTUM = 0.9
LION_FIRST, LION_SECOND = 0.9, 0.99


def sgd(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by gradient descent: w − η g.

    Args:
        w: Weights, of any shape with the population axis first.
        slots: Empty.
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1; not used.

    Returns:
        The new weights and the new slot variables.
    """
    del t
    return w - rate * g, slots


def momentum(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by gradient descent with Nesterov's momentum (Sutskever et al. 2013).

    v ← μ v − η g, w ← w + μ v − η g

    Args:
        w: Weights, of any shape with the population axis first.
        slots: The velocity v.
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1; not used.

    Returns:
        The new weights and the new slot variables.
    """
    del t
    velocity = MOMENTUM * slots[0] - rate * g
    return w + MOMENTUM * velocity - rate * g, (velocity,)


def lion(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by Lion (Chen et al. 2023, algorithm 2): w − η sign(β₁ m + (1 − β₁) g).

    Then m ← β₂ m + (1 − β₂) g.

    Args:
        w: Weights, of any shape with the population axis first.
        slots: The moving average m of g.
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1; not used.

    Returns:
        The new weights and the new slot variables.
    """
    del t
    direction = LION_FIRST * slots[0] + (1 - LION_FIRST) * g
    average = LION_SECOND * slots[0] + (1 - LION_SECOND) * g
    return w - rate * jnp.sign(direction), (average,)
