"""Three kernels for a GPU, in Pallas, which keep intermediate results out of its memory.

The plain step stores the neighbours of every position, the products and their gradients: more
than the weights and slots themselves (``benchmarks/sweep_bytes.py``). Here the first convolution
is computed again wherever it is needed, from a table of the batch's neighbours that all members
share and that stays in the cache; what is stored is the pooled output and the position of the
maximum in each window.

The kernels are tested against the plain step in :mod:`atelier.sweep.convolution`. On a CPU they
are interpreted, in float32.
"""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.experimental import pallas as pl
from jax.experimental.pallas import triton as plgpu

from atelier.sweep.architecture import KERNEL_SIZE, Architecture
from atelier.sweep.convolution import extract_patches, max_of_four
from atelier.sweep.network import PopulationWeights
from atelier.sweep.optimizers import OPTIMIZERS, Slots, update_array
from atelier.sweep.plan import OptimizerName

Ref = Any
"""A program's view of an array, read and written by index."""
TILE = 64
"""Pooled cells that one program works on at a time."""
ROWS = 16
"""Rows of the dense layer that one program updates."""
PADDED = 16
"""Nine neighbours, a one for the bias, and zeros: the smallest size of the matrix units."""
WINDOW = tuple(product((0, 1), repeat=2))
"""Row and column of the four positions in a pooling window."""
SQUARE_SIDE = KERNEL_SIZE + 1
"""Side of the square that a pooling window's four neighbourhoods cover together."""
INACTIVE = 4
"""Code of a window whose maximum is not positive, so that the ReLU is inactive."""


def supports(architecture: Architecture, batch: int) -> bool:
    """Returns whether the kernels support these layers, images and this batch size."""
    widths = (*architecture.filters, architecture.units)
    cells = batch * architecture.pooled_side**2
    powers_of_two = all(n >= PADDED and n.bit_count() == 1 for n in widths)
    is_grey = architecture.channels == 1
    return is_grey and powers_of_two and cells % TILE == 0 and architecture.features % ROWS == 0


class FusedResiduals(NamedTuple):
    """What the backward pass needs."""

    squares: jax.Array  # (16, cells, 16): the neighbours of each position in a window's square
    winner: jax.Array  # (members, cells, d) int8
    multipliers: jax.Array  # (members, cells, d): dropout's multipliers


class FusedConvolutions(NamedTuple):
    """Computes :class:`atelier.sweep.convolution.Convolutions` by two kernels."""

    architecture: Architecture
    dtype: jnp.dtype
    """Type of the factors of the second convolution's products, which are summed in float32."""

    def forward(
        self, weights: PopulationWeights[jax.Array], images: jax.Array, multipliers: jax.Array
    ) -> tuple[jax.Array, FusedResiduals]:
        """Computes the features of a batch.

        Args:
            weights: Of the population.
            images: Shape (images, side, side), in [0, 1].
            multipliers: Of dropout, (members, images · features).

        Returns:
            Features of shape (members, images, features), and what the backward pass needs.
        """
        squares = _squares(images)
        members, cells, depth = len(weights.bias1), squares.shape[1], self.architecture.filters[1]
        of_member, tile = partial(_block, member=0), partial(_block, member=0, axis=1, size=TILE)
        first, second, bias = self._factors(weights)
        shapes = _shaped(members, cells, depth), _shaped(members, cells, depth, dtype=jnp.int8)
        pooled, winner = _call(
            _forward,
            (cells // TILE, members),
            (_block(squares, axis=1, size=TILE), *map(of_member, (first, second, bias))),
            tuple(map(tile, shapes)),
            shapes,
        )(squares, first, second, bias)
        multipliers = multipliers.reshape(pooled.shape)
        features = (pooled * multipliers).reshape(members, len(images), -1)
        return features, FusedResiduals(squares, winner, multipliers)

    def backward(
        self, weights: PopulationWeights[jax.Array], residuals: FusedResiduals, gradient: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        """Computes the gradients of the convolutional weights.

        Args:
            weights: Of the population.
            residuals: From the forward pass.
            gradient: Of the features, (members, images, features).

        Returns:
            Gradients of conv1, bias1, conv2 and bias2.
        """
        up = gradient.reshape(residuals.multipliers.shape) * residuals.multipliers
        of_member, of_tap = partial(_block, member=0), partial(_block, member=0, axis=1, size=None)
        first, second, _ = self._factors(weights)
        members, taps, *ends = second.shape
        shapes = _shaped(members, taps, PADDED, ends[0]), _shaped(members, taps, *ends)
        d_first, d_second = _call(
            _backward,
            (taps, members),
            (
                *(_block(residuals.squares), of_member(first), of_tap(second)),
                *(of_member(residuals.winner), of_member(up)),
            ),
            tuple(map(of_tap, shapes)),
            shapes,
        )(residuals.squares, first, second, residuals.winner, up)
        d_first = d_first.sum(1)
        d_bias2 = jnp.where(residuals.winner < INACTIVE, up, 0.0).sum(1)
        return (
            d_first[:, : KERNEL_SIZE**2],
            d_first[:, KERNEL_SIZE**2],
            d_second.reshape(weights.conv2.shape),
            d_bias2,
        )

    def _factors(
        self, weights: PopulationWeights[jax.Array]
    ) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Returns conv1 with its bias (members, 16, c), conv2 (members, 9, c, d), and its bias."""
        first = jnp.concatenate([weights.conv1, weights.bias1[:, None]], 1)
        first = jnp.pad(first, ((0, 0), (0, PADDED - first.shape[1]), (0, 0)))
        second = weights.conv2.reshape(len(first), KERNEL_SIZE**2, *self.architecture.filters)
        return first, second.astype(self.dtype), weights.bias2


def _squares(images: jax.Array) -> jax.Array:
    """Returns the table of neighbours of images (images, side, side) as (4 · 4, cells, 16).

    It has, for each position in the square that a pooling window depends on, the nine neighbours
    of that position for every window, and then a one.
    """
    conv1_side, pooled = images.shape[1] - 2, (images.shape[1] - 4) // 2
    taps = extract_patches(images).reshape(len(images), conv1_side, conv1_side, KERNEL_SIZE**2)
    padded = jnp.pad(taps, ((0, 0),) * 3 + ((0, PADDED - KERNEL_SIZE**2),))
    padded = padded.at[..., KERNEL_SIZE**2].set(1.0)
    positions = [
        padded[:, u : u + 2 * pooled : 2, v : v + 2 * pooled : 2].reshape(-1, PADDED)
        for u, v in product(range(SQUARE_SIDE), repeat=2)
    ]
    return jnp.stack(positions)


def _forward(squares: Ref, first: Ref, second: Ref, bias: Ref, pooled: Ref, winner: Ref) -> None:
    """Computes a tile of cells of one member.

    Each position of the square contributes to the window positions whose neighbourhood it is in.
    """
    w1, depth = first[...], second.shape[-1]
    sums = {position: jnp.zeros((TILE, depth)) for position in WINDOW}
    for u, v in product(range(SQUARE_SIDE), repeat=2):
        h = jax.nn.relu(_product(squares[SQUARE_SIDE * u + v], w1)).astype(second.dtype)
        for p, q in WINDOW:
            if 0 <= u - p < KERNEL_SIZE and 0 <= v - q < KERNEL_SIZE:
                sums[p, q] += _product(h, second[KERNEL_SIZE * (u - p) + v - q])
    top, which = max_of_four(tuple(sums.values()))
    top = jax.nn.relu(top + bias[...])
    pooled[...] = top
    winner[...] = jnp.where(top > 0, which.astype(jnp.int32), INACTIVE).astype(jnp.int8)


def _backward(
    squares: Ref, first: Ref, second: Ref, winner: Ref, up: Ref, d_first: Ref, d_second: Ref
) -> None:
    """Computes the gradient of one of conv2's nine taps of one member, and its part of conv1's.

    The first convolution's gradient is linear in the gradient of its output, so the parts of the
    nine taps are summed afterwards, and no position's sum is formed.
    """
    row, column = lax.div(pl.program_id(0), KERNEL_SIZE), lax.rem(pl.program_id(0), KERNEL_SIZE)
    w1, w2 = first[...], second[...]

    def add_part(index: jax.Array, total: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        d_w1, d_w2 = total
        position, tile = lax.rem(index, len(WINDOW)), lax.div(index, len(WINDOW))
        cells = pl.ds(tile * TILE, TILE)
        square = SQUARE_SIDE * (row + lax.div(position, 2)) + column + lax.rem(position, 2)
        taps = squares[square, cells]
        h = _product(taps, w1)
        gradient = jnp.where(winner[cells].astype(jnp.int32) == position, up[cells], 0.0)
        gradient = gradient.astype(w2.dtype)
        down = jnp.where(h > 0, _product(gradient, w2, (1, 1)), 0.0)
        return (
            d_w1 + _product(taps, down, (0, 0)),
            d_w2 + _product(jax.nn.relu(h).astype(w2.dtype), gradient, (0, 0)),
        )

    parts = up.shape[0] // TILE * len(WINDOW)
    zeros = jnp.zeros(d_first.shape), jnp.zeros(d_second.shape)
    d_first[...], d_second[...] = lax.fori_loop(0, parts, add_part, zeros)


def _product(a: jax.Array, b: jax.Array, axes: tuple[int, int] = (1, 0)) -> jax.Array:
    return lax.dot_general(
        a, b, (((axes[0],), (axes[1],)), ((), ())), preferred_element_type=jnp.float32
    )


def dense_backward(
    optimizer: OptimizerName,
    weights: jax.Array,
    slots: Slots,
    features: jax.Array,
    d_hidden: jax.Array,
    rates: jax.Array,
    decays: jax.Array,
    t: jax.Array,
) -> tuple[jax.Array, jax.Array, Slots]:
    """Computes the features' gradient and updates the large layer's weights and slots.

    Weights and slots are read once and written once, in place; the gradient, a sum of one product
    per image, is never stored.

    Args:
        optimizer: Name of the optimizer, whose step of this layer must be element-wise.
        weights: (members, features, units).
        slots: Of the optimizer, each of the shape of the weights.
        features: (members, images, features).
        d_hidden: Gradient of the units before their ReLU, (members, images, units).
        rates: Learning rates, (members,).
        decays: Weight decays, (members,).
        t: Number of this step, from 1.

    Returns:
        The features' gradient (members, images, features), the new weights and the new slots.
    """
    members, rows, _ = weights.shape
    scalars = jnp.stack([rates, decays, jnp.broadcast_to(t, rates.shape)], 1)
    updated = (weights, *slots)
    block = partial(_block, member=0, axis=1, size=ROWS)
    features_block = _block(features, member=0, axis=2, size=ROWS)
    before = (scalars, features, d_hidden)
    d_features, next_weights, *next_slots = _call(
        partial(_dense_backward, optimizer),
        (rows // ROWS, members),
        (
            *(_block(scalars, member=0), features_block, _block(d_hidden, member=0)),
            *map(block, updated),
        ),
        (features_block, *map(block, updated)),
        tuple(_shaped(*x.shape) for x in (features, *updated)),
        aliases={len(before) + i: 1 + i for i in range(len(updated))},
        warps=8,
    )(*before, *updated)
    return d_features, next_weights, tuple(next_slots)


def _dense_backward(
    optimizer: OptimizerName, scalars: Ref, features: Ref, d_hidden: Ref, *refs: Ref
) -> None:
    """Computes the features' gradient of some rows of one member, and updates these rows."""
    step = partial(update_array, OPTIMIZERS[optimizer].of_dense)
    updated = len(OPTIMIZERS[optimizer].of_dense.slots) + 1
    weights, *before = (ref[...] for ref in refs[:updated])
    d_features, *after = refs[updated:]
    gradient = jnp.zeros(weights.shape)
    for image in range(d_hidden.shape[0]):
        dy = d_hidden[image]
        gradient += features[image][:, None] * dy[None, :]
        d_features[image] = (weights * dy[None, :]).sum(1)
    weights, slots = step(weights, tuple(before), gradient, scalars[0], scalars[1], scalars[2])
    for ref, value in zip(after, (weights, *slots), strict=True):
        ref[...] = value


def _call(
    kernel: Callable[..., None],
    grid: tuple[int, int],
    inputs: tuple[pl.BlockSpec, ...],
    outputs: tuple[pl.BlockSpec, ...],
    shapes: tuple[jax.ShapeDtypeStruct, ...],
    *,
    aliases: dict[int, int] | None = None,
    warps: int = 4,
) -> Callable[..., tuple[jax.Array, ...]]:
    return pl.pallas_call(
        kernel,
        grid=grid,
        in_specs=inputs,
        out_specs=outputs,
        out_shape=shapes,
        input_output_aliases=aliases or {},
        interpret=jax.default_backend() == "cpu",
        compiler_params=plgpu.CompilerParams(num_warps=warps, num_stages=2),
    )


def _block(
    x: jax.Array | jax.ShapeDtypeStruct,
    *,
    member: int | None = None,
    axis: int | None = None,
    size: int | None = None,
) -> pl.BlockSpec:
    """Specifies the block of ``x`` that a program works on.

    Along the axis ``member`` it is one member; along ``axis`` it is a part of length ``size``, or
    one entry if that is None; along all further axes it is everything. Programs of one member are
    adjacent, so that they share what they read.
    """
    shape: list[int | None] = list(x.shape)
    if member is not None:
        shape[member] = None
    if axis is not None:
        shape[axis] = size

    def position(part: int, index: int) -> tuple[int, ...]:
        return tuple({member: index, axis: part}.get(i, 0) for i in range(len(shape)))

    return pl.BlockSpec(tuple(shape), position)


def _shaped(*shape: int, dtype: type = jnp.float32) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]
