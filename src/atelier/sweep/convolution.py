"""The convolutional part of the network, forward and backward, for a whole population."""

from collections.abc import Sequence
from itertools import product
from math import gcd
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from atelier.sweep.architecture import KERNEL_SIZE, Architecture
from atelier.sweep.layouts import Layout
from atelier.sweep.network import PopulationWeights

Sums = tuple[jax.Array, ...]
"""Sums of the blocks' gradients."""
Block = tuple[jax.Array, jax.Array]
"""Output of the first ReLU for one block of images, and dropout's multipliers."""


class ConvolutionResiduals(NamedTuple):
    """What the backward pass needs, by blocks of images."""

    taps: jax.Array  # (blocks, images · side², 9 · channels): the neighbours of every position
    hidden: jax.Array  # (blocks, members, images · side², c): output of the first ReLU
    tiles: jax.Array  # (blocks, members, groups, taps, images · pooled²)
    winner: jax.Array  # (blocks, members, images · pooled², d): position in the window
    scale: jax.Array  # of that shape: dropout's multiplier where the second ReLU is active, else 0


class Convolutions(NamedTuple):
    """Conv 3 × 3, ReLU, conv 3 × 3, max pooling 2 × 2, ReLU, dropout; and their gradients.

    The maximum is taken before bias and ReLU, which changes neither it nor its gradient; of equal
    values it is the first. Images are convolved in ``blocks``, one after another, or in fewer
    where that does not divide them.
    """

    architecture: Architecture
    layout: Layout
    blocks: int
    dtype: jnp.dtype
    """Type of what is stored between the products, which are summed in float32."""

    def forward(
        self, weights: PopulationWeights[jax.Array], images: jax.Array, multipliers: jax.Array
    ) -> tuple[jax.Array, ConvolutionResiduals]:
        """Computes the features of a batch.

        Args:
            weights: Of the population.
            images: Shape (images, side, side[, channels]), in [0, 1].
            multipliers: Of dropout, (members, images · features).

        Returns:
            Features of shape (members, images, features), and what the backward pass needs.
        """
        members, conv1_side = len(weights.bias1), self.architecture.conv1_side
        blocks = gcd(self.blocks, len(images))
        taps = extract_patches(images)
        h = jax.nn.relu(_first(taps, weights.conv1) + weights.bias1[:, None])
        multipliers = multipliers.reshape(members, -1, self.architecture.filters[1])
        kernel = self.layout.kernel(weights.conv2).astype(self.dtype)

        def block(_: None, inputs: Block) -> tuple[None, tuple[jax.Array, ...]]:
            h, multipliers = inputs
            grid = h.reshape(members, -1, conv1_side, conv1_side, h.shape[-1])
            tiles = self.layout.gather(grid).astype(self.dtype)
            tiles = tiles.reshape(*kernel.shape[:2], -1, kernel.shape[2])
            products = _product("kgwc,kgcd->kgwd", tiles, kernel)
            top, winner = max_of_four(self.layout.pool_windows(products))
            top = top + weights.bias2[:, None]
            scale = jnp.where(top > 0, multipliers, 0.0)
            features = (top * scale).astype(self.dtype)
            return None, (features, tiles.swapaxes(2, 3), winner, scale)

        hidden = _by_blocks(h.astype(self.dtype), blocks, 1)
        _, (features, *residuals) = lax.scan(
            block, None, (hidden, _by_blocks(multipliers, blocks, 1))
        )
        features = features.swapaxes(0, 1).reshape(members, len(images), -1)
        return features, ConvolutionResiduals(_by_blocks(taps, blocks, 0), hidden, *residuals)

    def backward(
        self,
        weights: PopulationWeights[jax.Array],
        residuals: ConvolutionResiduals,
        gradient: jax.Array,
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        """Computes the gradients of the convolutional weights.

        Args:
            weights: Of the population.
            residuals: From the forward pass.
            gradient: Of the features, (members, images, features).

        Returns:
            Gradients of conv1, bias1, conv2 and bias2.
        """
        members, depth = len(weights.bias1), self.architecture.filters[1]
        wide, kernel_transposed = jax.vjp(self.layout.kernel, weights.conv2)
        kernel = wide.astype(self.dtype)
        tiles = (
            *kernel.shape[:2],
            -1,
            self.architecture.pooled_side,
            self.architecture.pooled_side,
            kernel.shape[2],
        )

        def block(total: Sums, inputs: tuple[ConvolutionResiduals, jax.Array]) -> tuple[Sums, None]:
            residuals, gradient = inputs
            top = gradient * residuals.scale
            up = self.layout.unpool(top, residuals.winner).astype(self.dtype)
            d_kernel = _product("kgcw,kgwd->kgcd", residuals.tiles, up)
            d_tiles = _product("kgwd,kgcd->kgwc", up, kernel)
            d_h = self.layout.scatter(d_tiles.reshape(tiles))
            d_h = jnp.where(residuals.hidden > 0, d_h.reshape(residuals.hidden.shape), 0.0)
            d_conv1 = _product("pt,kpc->ktc", residuals.taps, d_h)
            gradients = d_conv1, d_h.sum(1), d_kernel, top.sum(1)
            return tuple(map(jnp.add, total, gradients)), None

        small = (weights.conv1, weights.bias1, wide, weights.bias2)
        zeros = tuple(jnp.zeros(w.shape) for w in small)
        gradients = _by_blocks(gradient.reshape(members, -1, depth), len(residuals.taps), 1)
        (conv1, bias1, d_kernel, bias2), _ = lax.scan(block, zeros, (residuals, gradients))
        return conv1, bias1, kernel_transposed(d_kernel)[0], bias2


def _by_blocks(x: jax.Array, blocks: int, axis: int) -> jax.Array:
    """Splits an axis into blocks, along a new first axis."""
    cut = x.reshape(*x.shape[:axis], blocks, -1, *x.shape[axis + 1 :])
    return jnp.moveaxis(cut, axis, 0)


def _product(spec: str, a: jax.Array, b: jax.Array) -> jax.Array:
    if jax.default_backend() == "cpu":  # has no bfloat16 product that sums in float32
        a, b = a.astype(jnp.float32), b.astype(jnp.float32)
    return jnp.einsum(spec, a, b, preferred_element_type=jnp.float32)


def _first(taps: jax.Array, conv1: jax.Array) -> jax.Array:
    """Multiplies (positions, taps) by (members, taps, c) into (members, positions, c)."""
    if jax.default_backend() != "cpu" or taps.shape[1] > KERNEL_SIZE**2:
        return _product("pt,ktc->kpc", taps, conv1)
    multiples = [taps[:, i, None] * conv1[:, None, i] for i in range(KERNEL_SIZE**2)]
    return sum(multiples[1:], multiples[0])  # on a CPU faster than a product with 9 columns


def extract_patches(images: jax.Array) -> jax.Array:
    """Returns the 3 × 3 patches of images as (images · (side − 2)², 9 · channels).

    Args:
        images: (images, side, side) of grey, or (images, side, side, channels).
    """
    images = images[..., None] if images.ndim == 3 else images
    conv1_side = images.shape[1] - 2
    taps = [
        images[:, i : i + conv1_side, j : j + conv1_side]
        for i, j in product(range(KERNEL_SIZE), repeat=2)
    ]
    return jnp.stack(taps, -2).reshape(-1, KERNEL_SIZE**2 * images.shape[3])


def max_of_four(values: Sequence[jax.Array]) -> tuple[jax.Array, jax.Array]:
    """Returns the greatest of four arrays and its number, 0 to 3, int8; of equals the first."""
    a, b, c, d = values
    upper, lower = jnp.maximum(a, b), jnp.maximum(c, d)
    which_upper, which_lower = jnp.where(b > a, 1, 0), jnp.where(d > c, 3, 2)
    winner = jnp.where(lower > upper, which_lower, which_upper).astype(jnp.int8)
    return jnp.maximum(upper, lower), winner
