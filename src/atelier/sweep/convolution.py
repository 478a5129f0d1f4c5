"""The convolutional half of the network, forward and backward, for a whole population.

Both ways of computing the second convolution with its pooling are three linear maps: *tiles* of
the first one's output times a *kernel* made of the weights, then *windows*, the four values that
each pooling window is the maximum of. The way back is their transposes.

``patches`` writes out the nine neighbours of every position: one product, the choice for a GPU.
``winograd`` is F(2 × 2, 3 × 3) (Lavin & Gray 2016): its tile of outputs is one pooling window, it
multiplies 2.25 times less and moves less than half: the choice for a CPU.
"""

from collections.abc import Callable, Sequence
from itertools import product
from math import gcd
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from atelier.sweep.network import Parameters
from atelier.sweep.shape import TAPS, Network
from atelier.types import Array

LayoutName = Literal["patches", "winograd"]


class Layout(NamedTuple):
    """Three linear maps: the windows of ``tiles(h) @ kernel(w)`` are the convolution.

    The product is made in groups side by side. The way back through tiles and windows is written
    out, since what JAX derives costs a CPU three times as much.
    """

    tiles: Callable[[jax.Array], jax.Array]
    """(members, images, inner, inner, c) → (members, groups, images, pooled, pooled, taps)."""
    untiled: Callable[[jax.Array], jax.Array]
    """The transpose of ``tiles``."""
    kernel: Callable[[jax.Array], jax.Array]
    """(members, 3, 3, c, d) → (members, groups, taps, d)."""
    windows: Callable[[jax.Array], list[jax.Array]]
    """(members, groups, cells, d) → four (members, cells, d), one for each place in a window; the
    cells are the windows of all images."""
    raised: Callable[[jax.Array, jax.Array], jax.Array]
    """The transpose of ``windows`` where all but one place in each is 0: what is in it, and which
    it is, (members, cells, d) → (members, groups, cells, d)."""


def _shifts(x: jax.Array, axis: int) -> list[jax.Array]:
    """x[0::2], x[1::2], x[2::2], x[3::2] along an even axis, each of length side / 2 − 1."""
    length = x.shape[axis] - 3
    return [lax.slice_in_dim(x, i, i + length, 2, axis) for i in range(4)]


def _by_place(values: jax.Array, places: jax.Array) -> list[jax.Array]:
    return [jnp.where(places == place, values, 0.0) for place in range(4)]


def _patch_tiles(h: jax.Array) -> jax.Array:
    grid = [_shifts(rows, 3) for rows in _shifts(h, 2)]
    taps = list(product(range(TAPS), repeat=2))
    patches = [
        jnp.concatenate([grid[p + i][q + j] for i, j in taps], -1)
        for p, q in product((0, 1), repeat=2)
    ]
    return jnp.stack(patches, 1)


def _patch_untiled(tiles: jax.Array) -> jax.Array:
    members, _, images, pooled, _, taps = tiles.shape
    shape = (members, images, 2 * pooled + 2, 2 * pooled + 2, taps // TAPS**2)
    grid = jax.ShapeDtypeStruct(shape, tiles.dtype)  # type: ignore[no-untyped-call]
    found: jax.Array = jax.linear_transpose(_patch_tiles, grid)(tiles)[0]
    return found


def _patch_kernel(w: jax.Array) -> jax.Array:
    return jnp.stack([w.reshape(w.shape[0], -1, w.shape[-1])] * 4, 1)


def _patch_windows(products: jax.Array) -> list[jax.Array]:
    return [products[:, place] for place in range(4)]


def _patch_raised(values: jax.Array, places: jax.Array) -> jax.Array:
    return jnp.stack(_by_place(values, places), 1)


INPUT = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], np.float32)
"""Bᵀ of F(2, 3)."""
OUTPUT = np.array([[1, 1, 1, 0], [0, 1, -1, -1]], np.float32)
"""Aᵀ."""


def _mixed(matrix: Array, parts: Sequence[jax.Array]) -> jax.Array:
    """A matrix (groups, parts) times its parts (members, …): (members, groups, …).

    Written out with its zeros: that is one loop on a CPU, where sums that are stacked are made one
    by one and then copied.
    """
    terms = [
        column.reshape(-1, *(1,) * (part.ndim - 1)) * part[:, None]
        for column, part in zip(matrix.T, parts, strict=True)
    ]
    mixed: jax.Array = sum(terms[1:], terms[0])
    return mixed


def _winograd_tiles(h: jax.Array) -> jax.Array:
    rows = _input(_shifts(h, 2))
    return jnp.concatenate([_mixed(INPUT, _shifts(row, 3)) for row in rows], 1)


def _input(d: Sequence[jax.Array]) -> list[jax.Array]:
    """Bᵀ d."""
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]


def _winograd_untiled(tiles: jax.Array) -> jax.Array:
    rows = [_spread([tiles[:, i + j] for j in range(4)], 3) for i in range(0, 16, 4)]
    return _spread(rows, 2)


def _spread(v: Sequence[jax.Array], axis: int) -> jax.Array:
    """B v, added up along an axis: the transpose of ``_input(_shifts(x, axis))``."""
    even = _overlapped(v[0], v[1] + v[2] - v[0], axis)
    odd = _overlapped(v[1] - v[2] + v[3], -v[3], axis)
    shape = even.shape
    return jnp.stack([even, odd], axis + 1).reshape(*shape[:axis], -1, *shape[axis + 1 :])


def _overlapped(own: jax.Array, next_ones: jax.Array, axis: int) -> jax.Array:
    """What every tile adds to its own place and to that of the next tile."""

    def padded(x: jax.Array, before: int, after: int) -> jax.Array:
        return jnp.pad(x, [(before, after) if i == axis else (0, 0) for i in range(x.ndim)])

    return padded(own, 0, 1) + padded(next_ones, 1, 0)


def _winograd_kernel(w: jax.Array) -> jax.Array:
    return jnp.stack([column for row in _kernel(w) for column in _kernel(row)], 1)


def _kernel(g: jax.Array) -> list[jax.Array]:
    """G g, along the axis behind the members."""
    even, odd = (g[:, 0] + g[:, 2]) / 2, g[:, 1] / 2
    return [g[:, 0], even + odd, even - odd, g[:, 2]]


def _winograd_windows(products: jax.Array) -> list[jax.Array]:
    rows = [_output([products[:, i + j] for i in range(0, 16, 4)]) for j in range(4)]
    return [y for row in zip(*rows, strict=True) for y in _output(row)]


def _output(m: Sequence[jax.Array]) -> list[jax.Array]:
    """Aᵀ m."""
    return [m[0] + m[1] + m[2], m[1] - m[2] - m[3]]


def _winograd_raised(values: jax.Array, places: jax.Array) -> jax.Array:
    return _mixed(np.kron(OUTPUT, OUTPUT).T, _by_place(values, places))


LAYOUTS: dict[LayoutName, Layout] = {
    "patches": Layout(_patch_tiles, _patch_untiled, _patch_kernel, _patch_windows, _patch_raised),
    "winograd": Layout(
        _winograd_tiles, _winograd_untiled, _winograd_kernel, _winograd_windows, _winograd_raised
    ),
}


Sums = tuple[jax.Array, ...]
"""Of the blocks' gradients."""
Block = tuple[jax.Array, jax.Array]
"""What is behind one block's first ReLU, and its multipliers."""


class Trace(NamedTuple):
    """What the way back needs, by blocks of images."""

    taps: jax.Array  # (blocks, images · inner², 9): the neighbours of every position
    hidden: jax.Array  # (blocks, members, images · inner², c): behind the first ReLU
    tiles: jax.Array  # (blocks, members, groups, taps, images · pooled²)
    winner: jax.Array  # (blocks, members, images · pooled², d): which of the window's four
    scale: jax.Array  # likewise: dropout's multiplier where the second ReLU let through, else 0


class Convolutions(NamedTuple):
    """Conv 3 × 3, ReLU, conv 3 × 3, max pooling 2 × 2, ReLU, dropout; and their gradients.

    The maximum is taken before bias and ReLU, which changes neither it nor its gradient. The
    first of equals wins. Images go through in ``blocks``, one after the other, or in fewer where
    that does not divide them.
    """

    network: Network
    layout: Layout
    blocks: int
    dtype: jnp.dtype
    """Of what is stored between the products, which themselves add up in float32."""

    def forward(
        self, weights: Parameters[jax.Array], images: jax.Array, keep: jax.Array
    ) -> tuple[jax.Array, Trace]:
        """Features (members, images, features) of images (images, side, side) in [0, 1].

        Args:
            weights: Of the population.
            images: As many as are in the batch.
            keep: Dropout's multipliers, (members, images · features).
        """
        members, inner = len(weights.bias1), self.network.inner
        blocks = gcd(self.blocks, len(images))
        taps = neighbours(images)
        h = jax.nn.relu(_first(taps, weights.conv1) + weights.bias1[:, None])
        multipliers = keep.reshape(members, -1, self.network.filters[1])
        kernel = self.layout.kernel(weights.conv2).astype(self.dtype)

        def block(_: None, inputs: Block) -> tuple[None, tuple[jax.Array, ...]]:
            h, keep = inputs
            grid = h.reshape(members, -1, inner, inner, h.shape[-1])
            tiles = self.layout.tiles(grid).astype(self.dtype)
            tiles = tiles.reshape(*kernel.shape[:2], -1, kernel.shape[2])
            products = _product("kgwc,kgcd->kgwd", tiles, kernel)
            top, winner = maximum(self.layout.windows(products))
            top = top + weights.bias2[:, None]
            scale = jnp.where(top > 0, keep, 0.0)
            features = (top * scale).astype(self.dtype)
            return None, (features, tiles.swapaxes(2, 3), winner, scale)

        hidden = _by_blocks(h.astype(self.dtype), blocks, 1)
        _, (features, *trace) = lax.scan(block, None, (hidden, _by_blocks(multipliers, blocks, 1)))
        features = features.swapaxes(0, 1).reshape(members, len(images), -1)
        return features, Trace(_by_blocks(taps, blocks, 0), hidden, *trace)

    def backward(
        self, weights: Parameters[jax.Array], trace: Trace, gradient: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        """Gradients of conv1, bias1, conv2 and bias2 from the features' gradient."""
        members, depth = len(weights.bias1), self.network.filters[1]
        wide, kernel_transposed = jax.vjp(self.layout.kernel, weights.conv2)
        kernel = wide.astype(self.dtype)
        tiles = (*kernel.shape[:2], -1, self.network.pooled, self.network.pooled, kernel.shape[2])

        def block(total: Sums, inputs: tuple[Trace, jax.Array]) -> tuple[Sums, None]:
            trace, gradient = inputs
            top = gradient * trace.scale
            up = self.layout.raised(top, trace.winner).astype(self.dtype)
            d_kernel = _product("kgcw,kgwd->kgcd", trace.tiles, up)
            d_tiles = _product("kgwd,kgcd->kgwc", up, kernel)
            d_h = self.layout.untiled(d_tiles.reshape(tiles))
            d_h = jnp.where(trace.hidden > 0, d_h.reshape(trace.hidden.shape), 0.0)
            d_conv1 = _product("pt,kpc->ktc", trace.taps, d_h)
            found = d_conv1, d_h.sum(1), d_kernel, top.sum(1)
            return tuple(map(jnp.add, total, found)), None

        small = (weights.conv1, weights.bias1, wide, weights.bias2)
        nothing = tuple(jnp.zeros(w.shape) for w in small)
        gradients = _by_blocks(gradient.reshape(members, -1, depth), len(trace.taps), 1)
        (conv1, bias1, d_kernel, bias2), _ = lax.scan(block, nothing, (trace, gradients))
        return conv1, bias1, kernel_transposed(d_kernel)[0], bias2


def _by_blocks(x: jax.Array, blocks: int, axis: int) -> jax.Array:
    """The axis cut into blocks, which lead."""
    cut = x.reshape(*x.shape[:axis], blocks, -1, *x.shape[axis + 1 :])
    return jnp.moveaxis(cut, axis, 0)


def _product(spec: str, a: jax.Array, b: jax.Array) -> jax.Array:
    if jax.default_backend() == "cpu":  # has no product of halves that adds up in float32
        a, b = a.astype(jnp.float32), b.astype(jnp.float32)
    return jnp.einsum(spec, a, b, preferred_element_type=jnp.float32)


def _first(taps: jax.Array, conv1: jax.Array) -> jax.Array:
    """(positions, 9) and (members, 9, c) → (members, positions, c)."""
    if jax.default_backend() != "cpu":
        return _product("pt,ktc->kpc", taps, conv1)
    multiples = [taps[:, i, None] * conv1[:, None, i] for i in range(TAPS**2)]
    return sum(multiples[1:], multiples[0])  # on a CPU faster than so thin a product


def neighbours(images: jax.Array) -> jax.Array:
    """(images, side, side) → (images · inner², 9)."""
    inner = images.shape[1] - 2
    taps = [images[:, i : i + inner, j : j + inner] for i, j in product(range(TAPS), repeat=2)]
    return jnp.stack(taps, -1).reshape(-1, TAPS**2)


def maximum(ways: Sequence[jax.Array]) -> tuple[jax.Array, jax.Array]:
    """The greatest of four and which one it is; the first of equals."""
    a, b, c, d = ways
    upper, lower = jnp.maximum(a, b), jnp.maximum(c, d)
    which_upper, which_lower = jnp.where(b > a, 1, 0), jnp.where(d > c, 3, 2)
    winner = jnp.where(lower > upper, which_lower, which_upper).astype(jnp.int8)
    return jnp.maximum(upper, lower), winner
