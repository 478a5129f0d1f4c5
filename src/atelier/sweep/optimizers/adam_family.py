"""Adam and its relatives: Nadam and schedule-free AdamW. AdamW is Adam with weight decay."""

import jax
import jax.numpy as jnp

from atelier.sweep.optimizers.adaptive import EPSILON
from atelier.sweep.optimizers.base import Slots

ADAM_FIRST, ADAM_SECOND = 0.9, 0.999
NADAM_DECAY = 0.96
NADAM_TERMS = 24
"""Terms of the series in :func:`_nadam_product`; the next one is below 1e-9."""
SCHEDULE_FREE_EPSILON = 1e-8


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


def nadam(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by Nadam (Dozat 2016), Adam with Nesterov's momentum.

    With μᵢ = β₁ (1 − .96ⁱ / 2) and Πₜ = μ₁ … μₜ it is w − η m̂ / (√v̂ + ε̂), where
    m̂ = μₜ₊₁ m / (1 − Πₜ₊₁) + (1 − μₜ) g / (1 − Πₜ) and v̂ = v / (1 − β₂ᵗ).

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
    now, ahead = (ADAM_FIRST * (1 - 0.5 * NADAM_DECAY**step) for step in (t, t + 1))
    past_share = ahead / (1 - _nadam_product(t + 1))
    present_share = (1 - now) / (1 - _nadam_product(t))
    root = jnp.sqrt(second / (1 - ADAM_SECOND**t)) + EPSILON
    return w - rate * (past_share * first + present_share * g) / root, (first, second)


def _nadam_product(t: jax.Array) -> jax.Array:
    """Computes β₁ᵗ ∏ᵢ (1 − qⁱ / 2), i = 1 … t, without a state.

    The logarithm of the product is − Σₖ qᵏ (1 − qᵏᵗ) / (k 2ᵏ (1 − qᵏ)), k = 1, 2, ….
    """
    powers = [NADAM_DECAY**k for k in range(1, NADAM_TERMS + 1)]
    terms = [q * (1 - q**t) / (k * 2**k * (1 - q)) for k, q in enumerate(powers, 1)]
    return ADAM_FIRST**t * jnp.exp(-sum(terms))


def schedule_free_adamw(
    w: jax.Array, slots: Slots, g: jax.Array, rate: jax.Array, t: jax.Array
) -> tuple[jax.Array, Slots]:
    """Updates by schedule-free AdamW (Defazio et al. 2024), without warm-up.

    The gradient is taken at w = (1 − β₁) z + β₁ x, where z takes the steps
    z ← z − η g / (√(v / (1 − β₂ᵗ)) + ε) and x is the mean of all z so far.

    Args:
        w: Weights, of any shape with the population axis first.
        slots: z, and the moving average v of g².
        g: Gradient, of the same shape.
        rate: Learning rates that broadcast against the weights.
        t: Number of this step, from 1.

    Returns:
        The new weights and the new slot variables.
    """
    second = slots[1] + (g * g - slots[1]) * (1 - ADAM_SECOND)
    root = jnp.sqrt(second / (1 - ADAM_SECOND**t)) + SCHEDULE_FREE_EPSILON
    z = slots[0] - rate * g / root
    mean = (1 - 1 / t) * schedule_free_mean(w, slots, t) + z / t
    return (1 - ADAM_FIRST) * z + ADAM_FIRST * mean, (z, second)


def schedule_free_mean(w: jax.Array, slots: Slots, t: jax.Array) -> jax.Array:
    """Returns the mean x of all z: the weights with which schedule-free AdamW predicts.

    Keras 3.15 predicts with w instead.

    Args:
        w: Weights at which the gradient is taken.
        slots: z, and the moving average of squared gradients.
        t: Number of steps; not used.

    Returns:
        Weights of the same shape.

    Examples:
        >>> schedule_free_mean(jnp.array([1.9]), (jnp.array([1.0]), jnp.array([0.0])), 1).tolist()
        [2.0]
    """
    del t
    return (w - (1 - ADAM_FIRST) * slots[0]) / ADAM_FIRST
