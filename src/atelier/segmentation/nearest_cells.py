"""The distances of a pixel to its nearest and to its second nearest cell."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from atelier.cells.instance_labels import number_cells
from atelier.types import Array

BLOCK = 1 << 16
"""Pixels that a thread works on at once: what a core's cache holds."""
THREADS = 2
SPARSE_SHARE = 0.1
"""Share of unfinished pixels below which they are looked up one by one."""


class _Nearest(NamedTuple):
    """The two nearest labels of each pixel, each packed into an integer.

    The integer is squared distance · base + rank of the label: the least one is the nearest.
    """

    first: Array
    second: Array


class _Packing(NamedTuple):
    """How a squared distance and the rank of a label share an integer."""

    bits: int
    """Of the rank."""
    far: int
    """The integer of a pixel without a label within reach; its rank is 0."""
    dtype: type[np.signedinteger[Any]]

    @property
    def base(self) -> int:
        """The factor of the squared distance."""
        return 1 << self.bits

    @property
    def ranks(self) -> int:
        """The bits of the rank."""
        return self.base - 1


def two_nearest_distances(labels: Array, *, reach: int) -> tuple[Array, Array]:
    """Computes the distances of background to the nearest and to the second nearest cell.

    One pass for each axis, as in Felzenszwalb & Huttenlocher 2012: a pixel's two nearest labels
    are among the two nearest labels of the pixels in its row. Time grows with pixels times
    ``reach`` at most, not with cells.

    Args:
        labels: Integers of any dimension, at least 1; 0 is background.
        reach: Largest sum of both distances that is computed, pixels, at least 1.

    Returns:
        Two arrays of the labels' shape; the second is inf where the sum is larger than ``reach``.
        Only background is meaningful, the first only where the second is finite.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation.nearest_cells import two_nearest_distances
        >>> first, second = two_nearest_distances(np.array([1, 0, 0, 2]), reach=9)
        >>> first[1:3].tolist(), second[1:3].tolist()
        ([1.0, 1.0], [2.0, 2.0])
    """
    ranks, ids = number_cells(labels)
    if len(ids) < 2:
        return np.full(labels.shape, np.inf), np.full(labels.shape, np.inf)
    reach = min(reach, 2 * int(np.ceil(np.linalg.norm(labels.shape))))
    packing = _packing(labels.shape, len(ids), reach)
    nearest = _nearest_in_row(ranks.astype(packing.dtype, copy=False), packing)
    for axis in range(labels.ndim - 1):
        rows = _Nearest(*(np.ascontiguousarray(np.moveaxis(part, axis, -1)) for part in nearest))
        is_last = axis == labels.ndim - 2
        combined = _combine_rows(rows, packing, reach, is_last=is_last)
        nearest = _Nearest(*(np.moveaxis(part, -1, axis) for part in combined))
    first, second = (np.sqrt(part >> packing.bits) for part in nearest)
    is_beyond = (second < first) | (first + second > reach)
    return first, np.where(is_beyond, np.inf, second)


def _packing(shape: tuple[int, ...], cells: int, reach: int) -> _Packing:
    """Returns the packing with the smallest integers that hold all sums of squared distances."""
    bits = cells.bit_length()
    largest = max((len(shape) + 1) * (reach + 1) ** 2, shape[-1] + 1) << bits
    dtype = np.int32 if largest < 2**31 else np.int64
    return _Packing(bits, (reach**2 + 1) << bits, dtype)


def _nearest_in_row(ranks: Array, packing: _Packing) -> _Nearest:
    """Returns the two nearest labels of each pixel among those of its row (the last axis)."""
    before = _nearest_before(ranks, packing)
    after = _nearest_before(ranks[..., ::-1], packing)
    return _merge(before, _Nearest(after.first[..., ::-1], after.second[..., ::-1]), packing)


def _nearest_before(ranks: Array, packing: _Packing) -> _Nearest:
    """Returns the two nearest labels of each pixel among those at or before it in its row."""
    position = np.arange(1, ranks.shape[-1] + 1, dtype=packing.dtype)
    located = ((position << packing.bits) + ranks) * (ranks > 0)
    last = np.maximum.accumulate(located, axis=-1)
    changes = np.zeros_like(last)
    before = last[..., :-1]
    is_change = (ranks[..., 1:] > 0) & ((before & packing.ranks) != ranks[..., 1:])
    np.copyto(changes[..., 1:], before, where=is_change)
    last_changed = np.maximum.accumulate(changes, axis=-1)
    return _Nearest(_pack(last, position, packing), _pack(last_changed, position, packing))


def _pack(located: Array, position: Array, packing: _Packing) -> Array:
    """Replaces a label's position in the row by its squared distance."""
    reach = packing.dtype(np.sqrt(packing.far >> packing.bits))
    distance = np.minimum(position - (located >> packing.bits), reach + 1)
    packed = (distance**2 << packing.bits) + (located & packing.ranks)
    np.copyto(packed, packing.far, where=(located == 0) | (distance > reach))
    return packed


def _merge(a: _Nearest, b: _Nearest, packing: _Packing) -> _Nearest:
    """Returns the two nearest labels out of two pairs."""
    further = np.maximum(a.first, b.first)
    further[((a.first ^ b.first) & packing.ranks) == 0] = packing.far
    second = np.minimum(np.minimum(a.second, b.second), further)
    return _Nearest(np.minimum(a.first, b.first), second)


def _combine_rows(rows: _Nearest, packing: _Packing, reach: int, *, is_last: bool) -> _Nearest:
    """Returns the two nearest labels of each pixel among those of its row's pixels."""
    shape, width = rows.first.shape, rows.first.shape[-1]
    first, second = (part.reshape(-1, width) for part in rows)
    best = _Nearest(np.empty_like(first), np.empty_like(second))
    step = max(1, BLOCK // width)

    def combine_block(start: int) -> None:
        block = slice(start, start + step)
        sources = _Sources.of(_Nearest(first[block], second[block]), packing, reach)
        nearest = _search_first(sources, packing, reach // 2 if is_last else reach)
        limits = np.full_like(nearest, packing.far)
        if is_last:
            limits = _largest_second(nearest, packing, reach)
        best.first[block] = nearest
        best.second[block] = _search_second(sources, nearest, limits, packing)

    with ThreadPoolExecutor(THREADS) as pool:  # NumPy releases the interpreter's lock
        list(pool.map(combine_block, range(0, len(first), step)))
    return _Nearest(best.first.reshape(shape), best.second.reshape(shape))


class _Sources(NamedTuple):
    """The pixels of some rows with a margin on both sides, in which no pixel has a label."""

    first: Array
    second: Array
    ranks: Array
    """Of ``first``."""
    margin: int

    @classmethod
    def of(cls, rows: _Nearest, packing: _Packing, reach: int) -> "_Sources":
        """Adds margins as wide as the search."""
        margin = min(reach, rows.first.shape[1] - 1)
        sides = ((0, 0), (margin, margin))
        first, second = (np.pad(part, sides, constant_values=packing.far) for part in rows)
        return cls(first, second, first & packing.ranks, margin)

    def shifted(self, shift: int) -> "_Sources":
        """Returns each pixel's neighbour that is ``shift`` pixels further in its row."""
        start = self.margin + shift
        pixels = slice(start, start + self.first.shape[1] - 2 * self.margin)
        return _Sources(self.first[:, pixels], self.second[:, pixels], self.ranks[:, pixels], 0)

    def at(self, pixels: Array) -> "_Sources":
        """Returns single pixels, by their number with margins, row by row."""
        first, second, ranks = self.first.ravel(), self.second.ravel(), self.ranks.ravel()
        return _Sources(first[pixels], second[pixels], ranks[pixels], 0)


def _search_first(sources: _Sources, packing: _Packing, largest: int) -> Array:
    """Widens the search of the nearest label step by step, until all pixels are finished."""
    best = sources.shifted(0).first.copy()
    for shift in range(1, min(sources.margin, largest) + 1):
        cost = packing.dtype(shift**2 << packing.bits)
        if best.max() <= cost:
            break
        for direction in (-shift, shift):
            np.minimum(best, sources.shifted(direction).first + cost, out=best)
    return np.minimum(best, packing.dtype(packing.far))


def _search_second(sources: _Sources, first: Array, limits: Array, packing: _Packing) -> Array:
    """Widens the search of the nearest other label until most pixels are finished.

    Args:
        sources: The rows.
        first: The nearest label of each pixel, packed.
        limits: What the result need not exceed.
        packing: Of all of them.
    """
    ranks = first & packing.ranks
    best = np.minimum(limits, _other_label(sources.shifted(0), ranks))
    for shift in range(1, sources.margin + 1):
        cost = packing.dtype(shift**2 << packing.bits)
        if shift % 4 == 1 and np.count_nonzero(best > cost) < SPARSE_SHARE * best.size:
            _search_pixels(sources, ranks, best, packing, range(shift, sources.margin + 1))
            break
        for direction in (-shift, shift):
            candidates = _other_label(sources.shifted(direction), ranks)
            candidates += cost
            np.minimum(best, candidates, out=best)
    return best


def _search_pixels(
    sources: _Sources, ranks: Array, best: Array, packing: _Packing, shifts: range
) -> None:
    """Widens the search for unfinished pixels alone, in place."""
    flat_best, flat_ranks = best.ravel(), ranks.ravel()
    pixels = np.arange(best.size)
    for shift in shifts:
        cost = packing.dtype(shift**2 << packing.bits)
        if shift % 4 == 1:
            pixels = pixels[flat_best[pixels] > cost]
            row, column = np.divmod(pixels, best.shape[1])
            centre = row * sources.first.shape[1] + column + sources.margin
            own = flat_ranks[pixels]
        nearest = flat_best[pixels]
        for source in (centre - shift, centre + shift):
            np.minimum(nearest, _other_label(sources.at(source), own) + cost, out=nearest)
        flat_best[pixels] = nearest


def _other_label(sources: _Sources, ranks: Array) -> Array:
    """Returns each source's nearest label that is not the pixel's own nearest label."""
    candidates = sources.first.copy()
    np.copyto(candidates, sources.second, where=sources.ranks == ranks)
    return candidates


def _largest_second(first: Array, packing: _Packing, reach: int) -> Array:
    """Returns a bound above which the sum of both distances is beyond reach, 0 in cells.

    It is 0 as well where the first distance alone is more than half of the reach.
    """
    distance = np.sqrt(first >> packing.bits)
    bound = np.ceil((reach - distance) ** 2) + 1
    is_open = (distance > 0) & (2 * distance <= reach)
    return np.where(is_open, bound, 0).astype(packing.dtype) << packing.bits
