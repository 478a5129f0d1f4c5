"""Sign descent: every weight moves by the learning rate, against the sign of its gradient."""

import jax
import jax.numpy as jnp

from atelier.sweep.optimizers import Optimizer, Slots


def sign_descent(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by w − η sign(g); it has no slot variables and does not count its steps."""
    del t
    return w - rate * jnp.sign(g), slots


SIGN_DESCENT = Optimizer(slots=(), step=sign_descent, constants="no constants")
