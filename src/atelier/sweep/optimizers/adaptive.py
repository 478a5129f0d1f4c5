"""Steps divided by the size of the gradients before: Adagrad, Adadelta, RMSprop."""

import jax
import jax.numpy as jnp

from atelier.sweep.optimizers.base import Slots

EPSILON = 1e-7
"""Of these and of Adam's family."""
ADADELTA_RHO = 0.95
ADAGRAD_INITIAL = 0.1
RMSPROP_RHO = 0.9


def adagrad(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by Adagrad (Duchi et al. 2011): w − η g / √(G + ε).

    G is the sum of all squared gradients plus 0.1.

    Args:
        w: Weights, of any shape with the population axis first.
        slots: G.
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1; not used.

    Returns:
        The new weights and the new slot variables.
    """
    del t
    total = slots[0] + g * g
    return w - rate * g / jnp.sqrt(total + EPSILON), (total,)


def adadelta(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by Adadelta (Zeiler 2012): w − η u, u = g √(E[u²] + ε) / √(E[g²] + ε).

    Args:
        w: Weights, of any shape with the population axis first.
        slots: The moving averages E[g²] and E[u²].
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1; not used.

    Returns:
        The new weights and the new slot variables.
    """
    del t
    squares = ADADELTA_RHO * slots[0] + (1 - ADADELTA_RHO) * g * g
    ratio = (slots[1] + EPSILON) / (squares + EPSILON)
    updates = ADADELTA_RHO * slots[1] + (1 - ADADELTA_RHO) * g * g * ratio  # u² without its root
    return w - rate * g * jnp.sqrt(ratio), (squares, updates)


def rmsprop(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by RMSprop (Tieleman & Hinton 2012): w − η g / √(E[g²] + ε).

    Args:
        w: Weights, of any shape with the population axis first.
        slots: The moving average E[g²].
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1; not used.

    Returns:
        The new weights and the new slot variables.
    """
    del t
    squares = RMSPROP_RHO * slots[0] + (1 - RMSPROP_RHO) * g * g
    return w - rate * g / jnp.sqrt(squares + EPSILON), (squares,)
