"""Layouts of the second convolution and its pooling, for a whole population.

Each is three linear maps: tiles that are *gathered* from the first convolution's output, times a
*kernel* made of the weights, and then the *pool windows*, the four values of which each window
takes the maximum. The backward pass is their transposes.

``im2col`` stores the nine neighbours of every position: one product, the layout for a GPU.
``winograd`` is F(2 × 2, 3 × 3) (Lavin & Gray 2016): its tile of outputs is one pooling window, it
multiplies 2.25 times less and moves less than half: the layout for a CPU.
"""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from atelier.sweep.architecture import KERNEL_SIZE
from atelier.types import Array

LayoutName = Literal["im2col", "winograd"]


class Layout(NamedTuple):
    """Three linear maps: the pool windows of ``gather(h) @ kernel(w)`` are the convolution.

    The product is computed in groups side by side. The transposes of gathering and pool windows
    are written out, since those that JAX derives take three times as long on a CPU.
    """

    gather: Callable[[jax.Array], jax.Array]
    """(members, images, side, side, c) → (members, groups, images, pooled, pooled, taps), where
    side is that of the first convolution's output."""
    scatter: Callable[[jax.Array], jax.Array]
    """The transpose of ``gather``."""
    kernel: Callable[[jax.Array], jax.Array]
    """(members, 3, 3, c, d) → (members, groups, taps, d)."""
    pool_windows: Callable[[jax.Array], list[jax.Array]]
    """(members, groups, cells, d) → four (members, cells, d), one for each position in a window;
    the cells are the windows of all images."""
    unpool: Callable[[jax.Array, jax.Array], jax.Array]
    """The transpose of ``pool_windows`` if all but one position in each window are 0: from the
    values and their positions, (members, cells, d), to (members, groups, cells, d)."""


def _shifts(x: jax.Array, axis: int) -> list[jax.Array]:
    """Slices x[0::2], x[1::2], x[2::2], x[3::2] of an even axis, each of length side / 2 − 1."""
    length = x.shape[axis] - 3
    return [lax.slice_in_dim(x, i, i + length, 2, axis) for i in range(4)]


def _by_position(values: jax.Array, positions: jax.Array) -> list[jax.Array]:
    return [jnp.where(positions == position, values, 0.0) for position in range(4)]


def _im2col_gather(h: jax.Array) -> jax.Array:
    grid = [_shifts(rows, 3) for rows in _shifts(h, 2)]
    taps = list(product(range(KERNEL_SIZE), repeat=2))
    patches = [
        jnp.concatenate([grid[p + i][q + j] for i, j in taps], -1)
        for p, q in product((0, 1), repeat=2)
    ]
    return jnp.stack(patches, 1)


def _im2col_scatter(tiles: jax.Array) -> jax.Array:
    members, _, images, pooled, _, taps = tiles.shape
    shape = (members, images, 2 * pooled + 2, 2 * pooled + 2, taps // KERNEL_SIZE**2)
    grid = jax.ShapeDtypeStruct(shape, tiles.dtype)  # type: ignore[no-untyped-call]
    scattered: jax.Array = jax.linear_transpose(_im2col_gather, grid)(tiles)[0]
    return scattered


def _im2col_kernel(w: jax.Array) -> jax.Array:
    return jnp.stack([w.reshape(w.shape[0], -1, w.shape[-1])] * 4, 1)


def _im2col_pool_windows(products: jax.Array) -> list[jax.Array]:
    return [products[:, position] for position in range(4)]


def _im2col_unpool(values: jax.Array, positions: jax.Array) -> jax.Array:
    return jnp.stack(_by_position(values, positions), 1)


INPUT = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], np.float32)
"""The matrix Bᵀ of F(2, 3)."""
OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]], np.float32)
"""The matrix Aᵀ of F(2, 3)."""


def _sums(matrix: Array, parts: Sequence[jax.Array]) -> list[jax.Array]:
    """Multiplies a matrix by parts, as a sum for each row, without the zeros."""
    rows = matrix.tolist()  # Python's numbers, which do not widen bfloat16
    signed = [[s * part for s, part in zip(row, parts, strict=True) if s] for row in rows]
    return [sum(terms[1:], terms[0]) for terms in signed]


def _mixed(matrix: Array, parts: Sequence[jax.Array]) -> jax.Array:
    """Multiplies a matrix by parts (members, …) into one array (members, groups, …).

    The zeros are included: this is one loop on a CPU, where sums that are stacked are computed one
    by one and then copied.
    """
    terms = [
        column.reshape(-1, *(1,) * (part.ndim - 1)) * part[:, None]
        for column, part in zip(matrix.T, parts, strict=True)
    ]
    mixed: jax.Array = sum(terms[1:], terms[0])
    return mixed


def _winograd_gather(h: jax.Array) -> jax.Array:
    rows = _sums(INPUT, _shifts(h, 2))
    return jnp.concatenate([_mixed(INPUT, _shifts(row, 3)) for row in rows], 1)


def _winograd_scatter(tiles: jax.Array) -> jax.Array:
    rows = [_spread([tiles[:, i + j] for j in range(4)], 3) for i in range(0, 16, 4)]
    return _spread(rows, 2)


def _spread(v: Sequence[jax.Array], axis: int) -> jax.Array:
    """Adds B v up along an axis: the transpose of ``_sums(INPUT, _shifts(x, axis))``."""
    even = _overlapped(v[0], v[1] + v[2] - v[0], axis)
    odd = _overlapped(v[1] - v[2] + v[3], -v[3], axis)
    shape = even.shape
    return jnp.stack([even, odd], axis + 1).reshape(*shape[:axis], -1, *shape[axis + 1 :])


def _overlapped(here: jax.Array, ahead: jax.Array, axis: int) -> jax.Array:
    """Adds what every tile contributes to its position and to that of the next tile."""

    def padded(x: jax.Array, before: int, after: int) -> jax.Array:
        return jnp.pad(x, [(before, after) if i == axis else (0, 0) for i in range(x.ndim)])

    return padded(here, 0, 1) + padded(ahead, 1, 0)


def _winograd_kernel(w: jax.Array) -> jax.Array:
    return jnp.stack([column for row in _kernel(w) for column in _kernel(row)], 1)


def _kernel(g: jax.Array) -> list[jax.Array]:
    """Multiplies by the matrix G of F(2, 3) along the axis after the members."""
    even, odd = (g[:, 0] + g[:, 2]) / 2, g[:, 1] / 2
    return [g[:, 0], even + odd, even - odd, g[:, 2]]


def _winograd_pool_windows(products: jax.Array) -> list[jax.Array]:
    rows = [_sums(OUTPUT, [products[:, i + j] for i in range(0, 16, 4)]) for j in range(4)]
    return [y for row in zip(*rows, strict=True) for y in _sums(OUTPUT, row)]


def _winograd_unpool(values: jax.Array, positions: jax.Array) -> jax.Array:
    return _mixed(np.kron(OUTPUT, OUTPUT).T, _by_position(values, positions))


LAYOUTS: dict[LayoutName, Layout] = {
    "im2col": Layout(
        _im2col_gather, _im2col_scatter, _im2col_kernel, _im2col_pool_windows, _im2col_unpool
    ),
    "winograd": Layout(
        _winograd_gather,
        _winograd_scatter,
        _winograd_kernel,
        _winograd_pool_windows,
        _winograd_unpool,
    ),
}
