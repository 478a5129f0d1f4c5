"""The steps of four optimizers, with Keras' default constants except for the learning rate.

The rates are arrays that broadcast against the weights: one rate per member of the population.
``t`` counts the steps from 1.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from atelier.plugins import load_plugins
from atelier.sweep.plan import OptimizerName

Slots = tuple[jax.Array, ...]
"""State of an optimizer for one array of weights, each of its shape."""
Step = Callable[[jax.Array, Slots, jax.Array, jax.Array, jax.Array], tuple[jax.Array, Slots]]

EPSILON = 1e-7
ADAM_FIRST, ADAM_SECOND = 0.9, 0.999
ADADELTA_RHO = 0.95
ADAGRAD_INITIAL = 0.1


class Optimizer(NamedTuple):
    """How one array of weights is updated."""

    slots: tuple[float, ...]
    """Initial value of each slot variable."""
    step: Step
    """(weights, slots, gradient, rates, t) → (weights, slots)."""
    constants: str = ""
    """Its other hyperparameters, as the table of best rates states them."""


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


def adam(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by Adam (Kingma & Ba 2015, end of section 2).

    w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) m / (√v + ε̂)

    Args:
        w: Weights, of any shape with the population axis first.
        slots: The moving averages m of g and v of g².
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1.

    Returns:
        The new weights and the new slot variables.
    """
    first = slots[0] + (g - slots[0]) * (1 - ADAM_FIRST)
    second = slots[1] + (g * g - slots[1]) * (1 - ADAM_SECOND)
    rate = rate * jnp.sqrt(1 - ADAM_SECOND**t) / (1 - ADAM_FIRST**t)
    return w - rate * first / (jnp.sqrt(second) + EPSILON), (first, second)


OPTIMIZERS: dict[OptimizerName, Optimizer] = {
    "adam": Optimizer((0.0, 0.0), adam, f"β₁ {ADAM_FIRST}, β₂ {ADAM_SECOND}, ε {EPSILON:g}"),
    "adadelta": Optimizer((0.0, 0.0), adadelta, f"ρ {ADADELTA_RHO}, ε {EPSILON:g}"),
    "adagrad": Optimizer(
        (ADAGRAD_INITIAL,), adagrad, f"first sum {ADAGRAD_INITIAL}, ε {EPSILON:g}"
    ),
    "sgd": Optimizer((), sgd, "no momentum"),
}
"""The four of the study with Keras' defaults, then those that other packages register under the
group ``atelier.optimizers``."""

OPTIMIZERS |= load_plugins(
    "atelier.optimizers",
    accepts=lambda plugin: isinstance(plugin, Optimizer),
    expected="an atelier.sweep.optimizers.Optimizer",
    taken=OPTIMIZERS,
)
