"""What an optimizer of the sweep is: its slots, its step and its constants."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

Slots = tuple[jax.Array, ...]
"""State of an optimizer for one array of weights: each of its shape, or a number per member."""
Step = Callable[[jax.Array, Slots, jax.Array, jax.Array, jax.Array], tuple[jax.Array, Slots]]
"""(weights, slots, gradient, rates, t) → (weights, slots)."""
FirstSlot = float | Callable[[jax.Array], jax.Array]
"""First value of a slot: everywhere this number, or a function of the initial weights."""


def _current_weights(w: jax.Array, slots: Slots, t: jax.Array) -> jax.Array:
    del slots, t
    return w


class Optimizer(NamedTuple):
    """How one array of weights is updated."""

    slots: tuple[FirstSlot, ...]
    """Initial value of each slot variable."""
    step: Step
    """(weights, slots, gradient, rates, t) → (weights, slots)."""
    constants: str = ""
    """Its other hyperparameters, as the table of best rates states them."""
    weight_decay: float | None = None
    """Default of the decoupled weight decay, see :func:`update_array`; None: it has none."""
    final: Callable[[jax.Array, Slots, jax.Array], jax.Array] = _current_weights
    """(weights, slots, number of steps) → the weights that predict."""
    rate_free: bool = False
    """Whether it finds its step itself. It is trained once, not at each rate: its rate is 1, a
    factor of the step."""
    matrix: "Optimizer | None" = None
    """Updates the weights of the hidden dense layer in its place."""

    @property
    def of_dense(self) -> "Optimizer":
        """What updates the weights of the hidden dense layer."""
        return self if self.matrix is None else self.matrix


def initial_slots(optimizer: Optimizer, w: jax.Array) -> Slots:
    """Returns the slots of an array of weights before the first step."""
    return tuple(fill(w) if callable(fill) else jnp.full_like(w, fill) for fill in optimizer.slots)


def update_array(
    optimizer: Optimizer,
    w: jax.Array,
    slots: Slots,
    g: jax.Array,
    rate: jax.Array,
    decay: jax.Array,
    t: jax.Array,
) -> tuple[jax.Array, Slots]:
    """Updates an array of weights: first the decoupled weight decay, if any, then the step.

    The decay is w ← w − η λ w (Loshchilov & Hutter 2019, with λ relative to the rate, as Keras).

    Args:
        optimizer: Updates the array.
        w: Weights, of any shape with the population axis first.
        slots: Of the optimizer.
        g: Gradient, of the same shape.
        rate: Learning rates η that broadcast against the weights.
        decay: Weight decays λ that broadcast against the weights.
        t: Number of this step, from 1.

    Returns:
        The new weights and the new slot variables.

    Examples:
        >>> half = Optimizer((), lambda w, slots, g, rate, t: (w - rate * g, slots), weight_decay=0)
        >>> w, g, rate, decay = (jnp.array([x]) for x in (4.0, 1.0, 0.5, 0.25))
        >>> update_array(half, w, (), g, rate, decay, jnp.array(1))[0].tolist()
        [3.0]
    """
    if optimizer.weight_decay is not None:
        w = w - w * decay * rate
    return optimizer.step(w, slots, g, rate, t)
