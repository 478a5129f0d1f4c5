"""The weight of a pixel between two cells (Ronneberger et al. 2015, eq. 2)."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from atelier.cells.instance_labels import check_labels, number_cells
from atelier.types import Array

UNDERFLOW = 745.2  # exp(-745.2) is 0 in float64
BLOCK = 1 << 15  # pixels worked on at once: what a core's cache holds
THREADS = 2
FEW = 0.3  # share of pixels below which each is looked up by itself


def border_weights(labels: Array, *, w0: float = 10.0, sigma: float = 5.0) -> Array:
    """The border term w0 exp(-(d1 + d2)² / 2σ²) of each pixel, float64 of the labels' shape.

    d1 and d2 are the exact distances, in pixels, to the nearest pixel of the nearest and of the
    second nearest cell. Only background has a weight: 0 on the cells, and everywhere where there
    are fewer than two. The class balance is a term of its own: :func:`class_balance`.

    Args:
        labels: Instance labels of any dimension, 0 being background.
        w0: The weight that a gap of no width would have.
        sigma: How fast it falls with the width of the gap, in pixels.

    Raises:
        ValueError: Labels are not integers, negative or masked, or ``sigma`` is not positive.
    """
    labels = check_labels(labels)
    if sigma <= 0:
        raise ValueError(f"Expected a positive sigma. Received: sigma={sigma}")
    weights = np.zeros(labels.shape)
    if labels.size == 0 or labels.ndim == 0:
        return weights
    first, second = two_nearest_distances(
        labels, reach=int(np.ceil(sigma * np.sqrt(2 * UNDERFLOW)))
    )
    gap = (labels == 0) & (second < np.inf)
    width = first[gap] + second[gap]
    weights[gap] = w0 * np.exp(-(width**2) / (2 * sigma**2))
    return weights


def class_balance(labels: Array) -> tuple[float, float]:
    """Weights of background and cells that make both count the same in sum, 1 on average.

    The paper's w_c. A class that is absent gets 1, and so does the other.

    Args:
        labels: Labels of a whole training set or image, 0 being background.
    """
    share = float(np.mean(np.asarray(labels) > 0))
    return (0.5 / (1 - share), 0.5 / share) if 0 < share < 1 else (1.0, 1.0)


class _Packed(NamedTuple):
    """Squared distance · base + rank of the label, in one integer: least is nearest."""

    first: Array
    second: Array


def two_nearest_distances(labels: Array, *, reach: int) -> tuple[Array, Array]:
    """Distances of background to the nearest and to the second nearest cell, inf beyond ``reach``.

    One pass per axis, as in Felzenszwalb & Huttenlocher 2012: a pixel's two nearest labels are
    among the two nearest of each pixel in its row. Time grows with pixels (times the width of
    the gaps), not with cells. Pixels on cells get 0.

    Args:
        labels: Integers of any dimension; 0 is background.
        reach: The largest distance that is looked for, in pixels, at least 1.
    """
    ranks, ids = number_cells(labels)
    bits = len(ids).bit_length()
    base = 1 << bits
    reach = min(reach, int(np.ceil(np.linalg.norm(labels.shape))))
    far = (reach**2 + 1) * base
    if far + labels.ndim * reach**2 * base >= 2**31:
        ranks = ranks.astype(np.int64)
    found = _along_row(ranks, base, far)
    for axis in range(labels.ndim - 1):
        moved = _Packed(*(np.ascontiguousarray(np.moveaxis(part, axis, -1)) for part in found))
        last = axis == labels.ndim - 2
        settled = np.moveaxis(ranks, axis, -1) > 0 if last else np.zeros_like(moved.first, bool)
        passed = _along_last_axis(moved, settled, base, reach)
        found = _Packed(*(np.moveaxis(part, -1, axis) for part in passed))
    first, second = (np.where(part < far, part >> bits, np.inf) for part in found)
    return np.sqrt(first), np.sqrt(second)


def _along_row(ranks: Array, base: int, far: int) -> _Packed:
    """The two nearest labels of each pixel among those of its own row (the last axis)."""
    left, right = _before(ranks, base, far), _before(ranks[..., ::-1], base, far)
    return _merge(left, _Packed(right.first[..., ::-1], right.second[..., ::-1]), base, far)


def _before(ranks: Array, base: int, far: int) -> _Packed:
    """The same among the pixels at or before it."""
    kind = ranks.dtype.type
    place = np.arange(ranks.shape[-1], dtype=kind)
    last = np.maximum.accumulate(np.where(ranks > 0, place, kind(-1)), axis=-1)
    previous = np.concatenate([np.full_like(last[..., :1], -1), last[..., :-1]], axis=-1)
    before = np.take_along_axis(ranks, np.maximum(previous, 0), axis=-1)
    changed = (ranks > 0) & (previous >= 0) & (before != ranks)
    other = np.maximum.accumulate(np.where(changed, previous, kind(-1)), axis=-1)
    furthest = kind(np.sqrt(far // base))

    def packed(at: Array) -> Array:
        rank = np.take_along_axis(ranks, np.maximum(at, 0), axis=-1)
        near = np.minimum(place - at, furthest)
        packed = np.minimum(near**2 * kind(base) + rank, kind(far))
        return np.asarray(np.where(at < 0, kind(far), packed))

    return _Packed(packed(last), packed(other))


def _merge(one: _Packed, two: _Packed, base: int, far: int) -> _Packed:
    """The two nearest labels out of two pairs."""
    same = ((one.first ^ two.first) & (base - 1)) == 0
    further = np.maximum(one.first, two.first)
    second = np.minimum(one.second, two.second)
    return _Packed(
        np.minimum(one.first, two.first),
        np.minimum(second, np.where(same & (further < far), far, further)),
    )


def _along_last_axis(found: _Packed, settled: Array, base: int, reach: int) -> _Packed:
    """The two nearest labels of each pixel but the settled ones, from all that its row knows."""
    shape, width = found.first.shape, found.first.shape[-1]
    first, second = (part.reshape(-1, width) for part in found)
    best = _Packed(first.copy(), np.where(settled.reshape(-1, width), 0, second))
    step = max(1, BLOCK // width)

    def work(start: int) -> None:
        rows = slice(start, start + step)
        known = _Packed(first[rows], second[rows])
        _look_sideways(known, _Packed(best.first[rows], best.second[rows]), base, reach)

    with ThreadPoolExecutor(THREADS) as pool:  # numpy lets go of the lock while it computes
        list(pool.map(work, range(0, len(first), step)))
    return _Packed(best.first.reshape(shape), best.second.reshape(shape))


def _look_sideways(known: _Packed, best: _Packed, base: int, reach: int) -> None:
    """Widen the search step by step: all pixels while most may gain, then only those that may."""
    width = known.first.shape[1]
    for shift in range(1, min(reach, width - 1) + 1):
        cost = shift**2 * base
        if shift % 4 == 1 and np.mean(best.second > cost) < FEW:
            _look_further(known, best, base, range(shift, min(reach, width - 1) + 1))
            return
        for here, there in (
            (slice(shift, None), slice(None, -shift)),
            (slice(None, -shift), slice(shift, None)),
        ):
            _take_nearer(
                _Packed(best.first[:, here], best.second[:, here]),
                _Packed(known.first[:, there] + cost, known.second[:, there] + cost),
                base,
            )


def _look_further(known: _Packed, best: _Packed, base: int, shifts: range) -> None:
    """The same for pixels here and there; beyond the edge its last pixel is seen, too far off."""
    width = known.first.shape[1]
    every = _Packed(known.first.ravel(), known.second.ravel())
    goal = _Packed(best.first.ravel(), best.second.ravel())
    waiting = np.arange(goal.second.size)
    for shift in shifts:
        cost = shift**2 * base
        if shift == shifts.start or shift % 4 == 1:
            waiting = waiting[goal.second[waiting] > cost]
            column = waiting % width
        if not len(waiting):
            return
        mine = _Packed(goal.first[waiting], goal.second[waiting])
        for step in (np.minimum(shift, column), -np.minimum(shift, width - 1 - column)):
            seen = waiting - step
            _take_nearer(mine, _Packed(every.first[seen] + cost, every.second[seen] + cost), base)
        goal.first[waiting], goal.second[waiting] = mine


def _take_nearer(best: _Packed, found: _Packed, base: int) -> None:
    """Merge ``found`` into ``best``, in place; what is too far stays too far by its size."""
    same = ((best.first ^ found.first) & (base - 1)) == 0
    further = np.maximum(best.first, found.first)
    np.putmask(further, same, found.second)  # no rival of its own: the next of them is
    np.minimum(best.first, found.first, out=best.first)
    np.minimum(best.second, found.second, out=best.second)
    np.minimum(best.second, further, out=best.second)
