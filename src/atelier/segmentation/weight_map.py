"""The weight of a pixel between two cells (Ronneberger et al. 2015, eq. 2)."""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from atelier.cells.instance_labels import check_labels, number_cells
from atelier.types import Array

UNDERFLOW = 745.2
"""exp(-745.2) is 0 in float64."""
BLOCK = 1 << 15
"""Pixels that a thread works on at once: what a core's cache holds."""
THREADS = 2
SPARSE_SHARE = 0.3
"""Share of unfinished pixels below which they are looked up one by one."""


def border_weights(labels: Array, *, w0: float = 10.0, sigma: float = 5.0) -> Array:
    """Computes the border term of U-Net's weight map, w0 exp(-(d1 + d2)² / 2σ²).

    d1 and d2 are the exact distances of a pixel to the nearest pixel of the nearest and of the
    second nearest cell (Ronneberger et al. 2015, eq. 2). The class balance of that equation is
    :func:`class_balance`.

    Args:
        labels: Instance labels, integers of any dimension; 0 is background.
        w0: Weight that a gap of no width would have.
        sigma: Width at which the weight falls, pixels, above 0.

    Returns:
        Weights of the labels' shape, float64; 0 on cells and where there are fewer than two cells.

    Raises:
        ValueError: Labels are not integers, negative or masked, or ``sigma`` is not positive.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import border_weights
        >>> border_weights(np.array([[1, 0, 2]])).round(2)
        array([[0.  , 9.23, 0.  ]])
    """
    labels = check_labels(labels)
    if sigma <= 0:
        raise ValueError(f"Expected a positive sigma. Received: sigma={sigma}")
    weights = np.zeros(labels.shape)
    if labels.size == 0 or labels.ndim == 0:
        return weights
    reach = int(np.ceil(sigma * np.sqrt(2 * UNDERFLOW)))
    first, second = two_nearest_distances(labels, reach=reach)
    gap = (labels == 0) & (second < np.inf)
    width = first[gap] + second[gap]
    weights[gap] = w0 * np.exp(-(width**2) / (2 * sigma**2))
    return weights


def class_balance(labels: Array) -> tuple[float, float]:
    """Returns weights of background and cell that give both classes the same total weight.

    This is w_c of Ronneberger et al. (2015), with a mean over all pixels of 1. If a class is
    absent, both weights are 1.

    Args:
        labels: Labels of a whole training set or image, of any shape; 0 is background.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import class_balance
        >>> background, cell = class_balance(np.array([0, 0, 0, 1]))
        >>> round(background, 3), cell
        (0.667, 2.0)
    """
    share = float(np.mean(np.asarray(labels) > 0))
    return (0.5 / (1 - share), 0.5 / share) if 0 < share < 1 else (1.0, 1.0)


class _Nearest(NamedTuple):
    """The two nearest labels of each pixel, each packed into an integer.

    The integer is squared distance · base + rank of the label: the least one is the nearest.
    """

    first: Array
    second: Array


def two_nearest_distances(labels: Array, *, reach: int) -> tuple[Array, Array]:
    """Computes the distances of background to the nearest and to the second nearest cell.

    One pass for each axis, as in Felzenszwalb & Huttenlocher 2012: a pixel's two nearest labels
    are among the two nearest labels of the pixels in its row. Time grows with pixels (times the
    width of the gaps), not with cells.

    Args:
        labels: Integers of any dimension; 0 is background.
        reach: Largest distance that is computed, pixels, at least 1.

    Returns:
        Two arrays of the labels' shape, inf beyond ``reach``; only background is meaningful.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation.weight_map import two_nearest_distances
        >>> first, second = two_nearest_distances(np.array([1, 0, 0, 2]), reach=9)
        >>> first[1:3].tolist(), second[1:3].tolist()
        ([1.0, 1.0], [2.0, 2.0])
    """
    ranks, ids = number_cells(labels)
    bits = len(ids).bit_length()
    base = 1 << bits
    reach = min(reach, int(np.ceil(np.linalg.norm(labels.shape))))
    far = (reach**2 + 1) * base
    if far + labels.ndim * reach**2 * base >= 2**31:
        ranks = ranks.astype(np.int64)
    nearest = _nearest_in_row(ranks, base, far)
    for axis in range(labels.ndim - 1):
        rows = _Nearest(*(np.ascontiguousarray(np.moveaxis(part, axis, -1)) for part in nearest))
        is_last = axis == labels.ndim - 2
        finished = np.moveaxis(ranks, axis, -1) > 0 if is_last else np.zeros_like(rows.first, bool)
        combined = _combine_rows(rows, finished, base, reach)
        nearest = _Nearest(*(np.moveaxis(part, -1, axis) for part in combined))
    first, second = (np.where(part < far, part >> bits, np.inf) for part in nearest)
    return np.sqrt(first), np.sqrt(second)


def _nearest_in_row(ranks: Array, base: int, far: int) -> _Nearest:
    """Returns the two nearest labels of each pixel among those of its row (the last axis)."""
    before = _nearest_before(ranks, base, far)
    after = _nearest_before(ranks[..., ::-1], base, far)
    return _merge(before, _Nearest(after.first[..., ::-1], after.second[..., ::-1]), base, far)


def _nearest_before(ranks: Array, base: int, far: int) -> _Nearest:
    """Returns the two nearest labels of each pixel among those at or before it in its row."""
    kind = ranks.dtype.type
    position = np.arange(ranks.shape[-1], dtype=kind)
    last = np.maximum.accumulate(np.where(ranks > 0, position, kind(-1)), axis=-1)
    previous = np.concatenate([np.full_like(last[..., :1], -1), last[..., :-1]], axis=-1)
    before = np.take_along_axis(ranks, np.maximum(previous, 0), axis=-1)
    changed = (ranks > 0) & (previous >= 0) & (before != ranks)
    last_changed = np.maximum.accumulate(np.where(changed, previous, kind(-1)), axis=-1)
    furthest = kind(np.sqrt(far // base))

    def pack(source: Array) -> Array:
        rank = np.take_along_axis(ranks, np.maximum(source, 0), axis=-1)
        distance = np.minimum(position - source, furthest)
        packed = np.minimum(distance**2 * kind(base) + rank, kind(far))
        return np.asarray(np.where(source < 0, kind(far), packed))

    return _Nearest(pack(last), pack(last_changed))


def _merge(a: _Nearest, b: _Nearest, base: int, far: int) -> _Nearest:
    """Returns the two nearest labels out of two pairs."""
    same_label = ((a.first ^ b.first) & (base - 1)) == 0
    further = np.maximum(a.first, b.first)
    second = np.minimum(a.second, b.second)
    return _Nearest(
        np.minimum(a.first, b.first),
        np.minimum(second, np.where(same_label & (further < far), far, further)),
    )


def _combine_rows(rows: _Nearest, finished: Array, base: int, reach: int) -> _Nearest:
    """Returns the two nearest labels of each unfinished pixel among those of its row's pixels."""
    shape, width = rows.first.shape, rows.first.shape[-1]
    first, second = (part.reshape(-1, width) for part in rows)
    best = _Nearest(first.copy(), np.where(finished.reshape(-1, width), 0, second))
    step = max(1, BLOCK // width)

    def combine_block(start: int) -> None:
        block = slice(start, start + step)
        sources = _Nearest(first[block], second[block])
        targets = _Nearest(best.first[block], best.second[block])
        _search_rows(sources, targets, base, reach)

    with ThreadPoolExecutor(THREADS) as pool:  # NumPy releases the interpreter's lock
        list(pool.map(combine_block, range(0, len(first), step)))
    return _Nearest(best.first.reshape(shape), best.second.reshape(shape))


def _search_rows(sources: _Nearest, best: _Nearest, base: int, reach: int) -> None:
    """Widens the search step by step, for all pixels until most of them are finished."""
    width = sources.first.shape[1]
    largest = min(reach, width - 1)
    for shift in range(1, largest + 1):
        cost = shift**2 * base
        if shift % 4 == 1 and np.mean(best.second > cost) < SPARSE_SHARE:
            _search_pixels(sources, best, base, range(shift, largest + 1))
            return
        early, late = slice(None, -shift), slice(shift, None)
        for target, source in ((late, early), (early, late)):
            _take_nearer(
                _Nearest(best.first[:, target], best.second[:, target]),
                _Nearest(sources.first[:, source] + cost, sources.second[:, source] + cost),
                base,
            )


def _search_pixels(sources: _Nearest, best: _Nearest, base: int, shifts: range) -> None:
    """Widens the search for unfinished pixels alone.

    Beyond an edge the row's last pixel is looked up again, at a distance that is too large.
    """
    width = sources.first.shape[1]
    flat_sources = _Nearest(sources.first.ravel(), sources.second.ravel())
    flat_best = _Nearest(best.first.ravel(), best.second.ravel())
    pixels = np.arange(flat_best.second.size)
    for shift in shifts:
        cost = shift**2 * base
        if shift == shifts.start or shift % 4 == 1:
            pixels = pixels[flat_best.second[pixels] > cost]
            column = pixels % width
        if not len(pixels):
            return
        nearest = _Nearest(flat_best.first[pixels], flat_best.second[pixels])
        for step in (np.minimum(shift, column), -np.minimum(shift, width - 1 - column)):
            source = pixels - step
            candidates = _Nearest(
                flat_sources.first[source] + cost, flat_sources.second[source] + cost
            )
            _take_nearer(nearest, candidates, base)
        flat_best.first[pixels], flat_best.second[pixels] = nearest


def _take_nearer(best: _Nearest, candidates: _Nearest, base: int) -> None:
    """Merges candidates into ``best`` in place; what is too far stays too far."""
    same_label = ((best.first ^ candidates.first) & (base - 1)) == 0
    further = np.maximum(best.first, candidates.first)
    np.putmask(further, same_label, candidates.second)  # a label does not compete with itself
    np.minimum(best.first, candidates.first, out=best.first)
    np.minimum(best.second, candidates.second, out=best.second)
    np.minimum(best.second, further, out=best.second)
