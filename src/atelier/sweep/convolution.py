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

LayoutName = Literal["patches", "winograd"]
Groups = tuple[jax.Array, ...]
"""Products that are made side by side."""


class Layout(NamedTuple):
    """Three linear maps: the windows of ``tiles(h) @ kernel(w)`` are the convolution.

    The transposes that JAX derives cost thrice of these here; it derives the kernel's.
    """

    tiles: Callable[[jax.Array], Groups]
    """(members, images, inner, inner, c) → groups of (members, images, pooled, pooled, taps)."""
    untiled: Callable[[Groups], jax.Array]
    """The transpose of ``tiles``."""
    kernel: Callable[[jax.Array], Groups]
    """(members, 3, 3, c, d) → groups of (members, taps, d)."""
    windows: Callable[[Groups], Groups]
    """groups of (members, images · pooled², d) → four such, one for each place in the window."""
    raised: Callable[[jax.Array, jax.Array], jax.Array]
    """The transpose of ``windows``, of windows that are 0 but in one place: values and places
    (members, images · pooled², d) → (members, groups, images · pooled², d)."""


def _shifts(x: jax.Array, axis: int) -> list[jax.Array]:
    """x[0::2], x[1::2], x[2::2], x[3::2] along an even axis, each of length side / 2 − 1."""
    length = x.shape[axis] - 3
    return [lax.slice_in_dim(x, i, i + length, 2, axis) for i in range(4)]


def _patch_tiles(h: jax.Array) -> Groups:
    grid = [_shifts(rows, 3) for rows in _shifts(h, 2)]
    return tuple(
        jnp.concatenate([grid[p + i][q + j] for i, j in product(range(TAPS), repeat=2)], -1)
        for p, q in product((0, 1), repeat=2)
    )


def _patch_untiled(tiles: Groups) -> jax.Array:
    members, images, pooled, _, taps = tiles[0].shape
    shape = (members, images, 2 * pooled + 2, 2 * pooled + 2, taps // TAPS**2)
    grid = jax.ShapeDtypeStruct(shape, tiles[0].dtype)  # type: ignore[no-untyped-call]
    found: jax.Array = jax.linear_transpose(_patch_tiles, grid)(tiles)[0]
    return found


def _patch_kernel(w: jax.Array) -> Groups:
    return (w.reshape(w.shape[0], -1, w.shape[-1]),) * 4


def _patch_windows(products: Groups) -> Groups:
    return products


def _patch_raised(values: jax.Array, places: jax.Array) -> jax.Array:
    return jnp.stack(_by_place(values, places), 1)


def _by_place(values: jax.Array, places: jax.Array) -> Groups:
    return tuple(jnp.where(places == place, values, 0.0) for place in range(4))


def _input_transform(d: list[jax.Array]) -> list[jax.Array]:
    """Bᵀ d of F(2, 3)."""
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]


def _winograd_tiles(h: jax.Array) -> Groups:
    rows = _input_transform(_shifts(h, 2))
    return tuple(tile for row in rows for tile in _input_transform(_shifts(row, 3)))


def _winograd_untiled(tiles: Groups) -> jax.Array:
    return _spread([_spread(tiles[i : i + 4], 3) for i in range(0, 16, 4)], 2)


def _spread(v: Sequence[jax.Array], axis: int) -> jax.Array:
    """B v of F(2, 3), each of the four added to its shift: the even places, then the odd ones."""
    even = _overlapped(v[0], v[1] + v[2] - v[0], axis)
    odd = _overlapped(v[1] - v[2] + v[3], -v[3], axis)
    shape = even.shape
    return jnp.stack([even, odd], axis + 1).reshape(*shape[:axis], -1, *shape[axis + 1 :])


def _overlapped(own: jax.Array, next_ones: jax.Array, axis: int) -> jax.Array:
    """What each tile says of its own place and of the next tile's, added up."""

    def padded(x: jax.Array, before: int, after: int) -> jax.Array:
        edges = [(before, after) if i == axis else (0, 0) for i in range(x.ndim)]
        return jnp.pad(x, edges)

    return padded(own, 0, 1) + padded(next_ones, 1, 0)


def _kernel_transform(g: jax.Array) -> list[jax.Array]:
    """G g of F(2, 3), along the axis behind the members."""
    even, odd = (g[:, 0] + g[:, 2]) / 2, g[:, 1] / 2
    return [g[:, 0], even + odd, even - odd, g[:, 2]]


def _winograd_kernel(w: jax.Array) -> Groups:
    return tuple(column for row in _kernel_transform(w) for column in _kernel_transform(row))


OUTPUT = np.array([[1, 0], [1, 1], [1, -1], [0, -1]], np.float32)
"""A of F(2, 3)."""


def _output_transform(m: list[jax.Array]) -> list[jax.Array]:
    """Aᵀ m of F(2, 3)."""
    return [m[0] + m[1] + m[2], m[1] - m[2] - m[3]]


def _winograd_windows(products: Groups) -> Groups:
    columns = [_output_transform(list(products[j::4])) for j in range(4)]
    return tuple(y for p in (0, 1) for y in _output_transform([c[p] for c in columns]))


def _winograd_raised(values: jax.Array, places: jax.Array) -> jax.Array:
    signs = np.kron(OUTPUT, OUTPUT).T[..., None, None]  # (4, 16, 1, 1)
    parts = _by_place(values, places)
    return sum(sign * part[:, None] for sign, part in zip(signs, parts, strict=True))  # type: ignore[return-value]


LAYOUTS: dict[LayoutName, Layout] = {
    "patches": Layout(_patch_tiles, _patch_untiled, _patch_kernel, _patch_windows, _patch_raised),
    "winograd": Layout(
        _winograd_tiles, _winograd_untiled, _winograd_kernel, _winograd_windows, _winograd_raised
    ),
}


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
        kernel = self._stacked(self.layout.kernel(weights.conv2))

        def block(_: None, inputs: Block) -> tuple[None, tuple[jax.Array, ...]]:
            h, keep = inputs
            grid = h.reshape(members, -1, inner, inner, h.shape[-1])
            tiles = self._stacked(self.layout.tiles(grid))
            tiles = tiles.reshape(*kernel.shape[:2], -1, kernel.shape[2])
            products = _product("kgwc,kgcd->kgwd", tiles, kernel)
            top, winner = maximum(self.layout.windows(_unstacked(products)))
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
        members, inner = len(weights.bias1), self.network.inner
        depth = self.network.filters[1]
        kernels, kernel_transposed = jax.vjp(self.layout.kernel, weights.conv2)
        kernel = self._stacked(kernels)
        images = trace.taps.shape[1] // inner**2
        tiles = (members, images, self.network.pooled, self.network.pooled, -1)

        def block(total: Groups, inputs: tuple[Trace, jax.Array]) -> tuple[Groups, None]:
            trace, gradient = inputs
            top = gradient * trace.scale
            up = self.layout.raised(top, trace.winner).astype(self.dtype)
            d_kernel = _product("kgcw,kgwd->kgcd", trace.tiles, up)
            d_tiles = _unstacked(_product("kgwd,kgcd->kgwc", up, kernel))
            d_h = self.layout.untiled(tuple(d.reshape(tiles) for d in d_tiles))
            d_h = jnp.where(trace.hidden > 0, d_h.reshape(trace.hidden.shape), 0.0)
            d_conv1 = _product("pt,kpc->ktc", trace.taps, d_h)
            found = d_conv1, d_h.sum(1), d_kernel, top.sum(1)
            return tuple(map(jnp.add, total, found)), None

        small = (weights.conv1, weights.bias1, kernel, weights.bias2)
        nothing = tuple(jnp.zeros(w.shape) for w in small)
        gradients = _by_blocks(gradient.reshape(members, -1, depth), len(trace.taps), 1)
        (conv1, bias1, d_kernel, bias2), _ = lax.scan(block, nothing, (trace, gradients))
        return conv1, bias1, kernel_transposed(_unstacked(d_kernel))[0], bias2

    def _stacked(self, groups: Groups) -> jax.Array:
        return jnp.stack([group.astype(self.dtype) for group in groups], 1)


def _by_blocks(x: jax.Array, blocks: int, axis: int) -> jax.Array:
    """The axis cut into blocks, which lead."""
    cut = x.reshape(*x.shape[:axis], blocks, -1, *x.shape[axis + 1 :])
    return jnp.moveaxis(cut, axis, 0)


def _unstacked(groups: jax.Array) -> Groups:
    return tuple(groups[:, i] for i in range(groups.shape[1]))


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


def maximum(ways: Groups) -> tuple[jax.Array, jax.Array]:
    """The greatest of four and which one it is; the first of equals."""
    a, b, c, d = ways
    upper, lower = jnp.maximum(a, b), jnp.maximum(c, d)
    which_upper, which_lower = jnp.where(b > a, 1, 0), jnp.where(d > c, 3, 2)
    winner = jnp.where(lower > upper, which_lower, which_upper).astype(jnp.int8)
    return jnp.maximum(upper, lower), winner
