"""The sweep's network: two convolutions, max pooling, dropout, two dense layers.

Every array leads with the population axis: parameters are (members, …), activations
(members, images, …). The images are (images, side, side, channels), the same for all members.
"""

from typing import Generic, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from atelier.sweep.architecture import KERNEL_SIZE, Architecture
from atelier.types import Array

T = TypeVar("T")


class PopulationWeights(NamedTuple, Generic[T]):
    """Weights and biases of a population: Keras' layout, with the population axis in front."""

    conv1: T  # (members, 3 · 3 · channels, filters[0])
    bias1: T
    conv2: T  # (members, 3, 3, filters[0], filters[1])
    bias2: T
    dense: T  # (members, features, units)
    bias3: T
    output: T  # (members, units, classes)
    bias4: T


def initial_weights(architecture: Architecture, seed: int) -> PopulationWeights[Array]:
    """Draws one member's weights: He-uniform (He et al. 2015), with biases of 0.

    They are drawn by NumPy, so that a seed means the same weights on every machine.

    Returns:
        Arrays without the population axis, float32.

    Examples:
        >>> weights = initial_weights(Architecture(classes=10), seed=0)
        >>> weights.dense.shape
        (9216, 128)
    """
    rng = np.random.default_rng([seed, 0])
    first, second = architecture.filters

    def he_uniform(*shape: int) -> Array:
        limit = np.sqrt(6 / np.prod(shape[:-1]))
        return rng.uniform(-limit, limit, shape).astype(np.float32)

    def zeros(n: int) -> Array:
        return np.zeros(n, np.float32)

    return PopulationWeights(
        *(he_uniform(KERNEL_SIZE**2 * architecture.channels, first), zeros(first)),
        *(he_uniform(KERNEL_SIZE, KERNEL_SIZE, first, second), zeros(second)),
        *(he_uniform(architecture.features, architecture.units), zeros(architecture.units)),
        *(he_uniform(architecture.units, architecture.classes), zeros(architecture.classes)),
    )


def dropout_multipliers(
    seeds: jax.Array, rates: jax.Array, step: jax.Array, count: int
) -> jax.Array:
    """Draws the multipliers of inverted dropout: 0 or 1 / (1 − rate).

    They are a hash of seed, step and index, so that members of one seed have the same mask at any
    position in the population, and a higher rate drops all units that a lower one drops.

    Args:
        seeds: Of the members, (members,) uint32.
        rates: Probability that a unit is dropped, (members,) in [0, 1).
        step: Number of the training step, from 0.
        count: Number of units.

    Returns:
        Multipliers of shape (members, count), float32.

    Examples:
        >>> import jax.numpy as jnp
        >>> seeds, rates = jnp.array([0]), jnp.array([0.5])
        >>> np.asarray(dropout_multipliers(seeds, rates, jnp.array(7), 6))
        array([[0., 2., 2., 0., 0., 0.]], dtype=float32)
    """
    key = _hash(_hash(seeds.astype(jnp.uint32)) + step.astype(jnp.uint32))
    chance = _hash(jnp.arange(count, dtype=jnp.uint32) ^ key[:, None])
    threshold = (rates * 2.0**32).astype(jnp.uint32)[:, None]
    return jnp.where(chance >= threshold, 1 / (1 - rates[:, None]), 0.0)


def _hash(x: jax.Array) -> jax.Array:
    """Permutes the 32-bit integers with Wellons' hash function "lowbias32"."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * jnp.uint32(0x846CA68B)
    return x ^ (x >> 16)


class Head(NamedTuple):
    """Activations of the dense layers, which the backward pass needs."""

    hidden: jax.Array  # (members, images, units)
    logits: jax.Array  # (members, images, classes)


def classify(weights: PopulationWeights[jax.Array], features: jax.Array) -> Head:
    """Computes the dense layers from features of shape (members, images, features)."""
    hidden = jnp.einsum("kbi,kij->kbj", features, weights.dense) + weights.bias3[:, None]
    hidden = jax.nn.relu(hidden)
    logits = jnp.einsum("kbi,kij->kbj", hidden, weights.output) + weights.bias4[:, None]
    return Head(hidden, logits)
