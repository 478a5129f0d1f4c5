"""Which grey values a picture has, and how often."""

from typing import NamedTuple

import numpy as np

from atelier.cells.grayscale import check_finite_image
from atelier.thresholding.partition import scaled_distances
from atelier.types import Array

EXACT_LEVELS = 1 << 16
"""Floats with at most so many different values are counted value by value."""
BINS = 1 << 13
"""More are counted between so many borders at equal distances, and as many of equal frequency."""
SPAN = 1 << 16
"""Integers that span less, or less than 4 times the pixels, are counted in a table of all."""
PIECE = 1 << 17  # pixels counted at once: what a core's cache holds


class GreyLevels(NamedTuple):
    """A picture's histogram."""

    counts: Array
    """Pixels of each level, (levels,) int64."""
    levels: Array
    """The level's grey value, or the largest of its grey values, rising."""
    means: Array | None = None
    """The mean of each level's pixels, as :func:`scaled` measures it; None if it is the level."""
    spread: float = 0.0
    """Mean variance within the levels, in the square of the same unit."""


def count_grey_levels(image: Array) -> GreyLevels:
    """Pixels of each grey value.

    Integers are counted value by value, and so are floats with at most 65,536 different values.
    Floats with more are counted in bins, up to 16,384: half of the borders divide the range into
    equal parts, the others divide the pixels into equal parts, so that an outlier does not put all
    others into one bin. Masked pixels do not count.

    Raises:
        ValueError: The image is empty, all masked, or holds something else than finite numbers.
    """
    pixels = _pixels(image)
    if pixels.dtype.kind == "f":
        return _float_levels(pixels)
    if pixels.dtype.itemsize == 1 and pixels.dtype.kind in "ub":
        return GreyLevels(_count_bytes(pixels.astype(np.uint8, copy=False)), np.arange(256))
    return _integer_levels(pixels)


def level_indices(pixels: Array, levels: Array) -> Array:
    """Position of each pixel's level, for the picture that the levels are of."""
    if levels.dtype.kind != "f":
        levels = levels.astype(pixels.dtype)
    return np.searchsorted(levels, pixels)


def _pixels(image: Array) -> Array:
    """The unmasked pixels of a picture, in the machine's byte order."""
    if isinstance(image, np.ma.MaskedArray):
        pixels = image.compressed()
        if pixels.size == 0 < image.size:
            raise ValueError(
                f"Expected a pixel that is not masked. Received: {image.size:,} masked pixels"
            )
    else:
        pixels = np.asarray(image)
    if pixels.size == 0 or pixels.dtype.kind not in "uifb":
        raise ValueError(f"Expected numbers. Received: {pixels.shape} {pixels.dtype}")
    check_finite_image(pixels)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _integer_levels(pixels: Array) -> GreyLevels:
    unsigned = np.dtype(f"u{pixels.dtype.itemsize}")
    start, end = int(pixels.min()), int(pixels.max())
    if end - start >= max(SPAN, 4 * pixels.size):
        values, counts = np.unique(pixels, return_counts=True)
        return GreyLevels(counts, values)
    above = pixels.ravel().view(unsigned) - pixels.min().view(unsigned)  # never overflows
    counts = np.bincount(above.astype(np.intp))
    kind = np.uint64 if pixels.dtype == np.uint64 else np.int64
    return GreyLevels(counts, np.arange(len(counts)).astype(kind) + kind(start))


def _float_levels(pixels: Array) -> GreyLevels:
    ordered = np.sort(pixels, axis=None)
    ordered += 0  # -0 becomes 0
    rises = ordered[1:] != ordered[:-1]
    if np.count_nonzero(rises) >= EXACT_LEVELS:
        return _binned(ordered)
    starts = np.append(0, np.flatnonzero(rises) + 1)
    return GreyLevels(np.diff(starts, append=len(ordered)), ordered[starts])


def _binned(ordered: Array) -> GreyLevels:
    """Levels of rising pixels, between borders at equal distances and at equal frequencies."""
    places, _ = scaled_distances(ordered)
    borders = np.searchsorted(places, places[-1] * np.arange(1, BINS) / BINS, side="right")
    alike = np.searchsorted(places, places[len(places) * np.arange(BINS) // BINS])
    first = np.sort(np.concatenate([alike, borders]))
    first = first[np.diff(first, prepend=-1) > 0]
    counts = np.diff(first, append=len(ordered))
    means = np.add.reduceat(places, first) / counts
    squares = np.einsum("i,i", places, places) - np.sum(counts * means**2)
    spread = float(squares) / len(ordered)
    return GreyLevels(counts, ordered[first + counts - 1], means, max(spread, 0.0))


def _count_bytes(image: Array) -> Array:
    """Pixels of each byte, (256,): two at a time, as one number of 16 bit."""
    flat = np.ascontiguousarray(image).ravel()
    pairs = flat[: len(flat) // 2 * 2].view(np.uint16)
    table = np.zeros(1 << 16, np.int64)
    for start in range(0, len(pairs), PIECE):
        table += np.bincount(pairs[start : start + PIECE], minlength=1 << 16)
    grid = table.reshape(256, 256)
    counts = grid.sum(axis=0) + grid.sum(axis=1)
    if len(flat) % 2:
        counts[flat[-1]] += 1
    return np.asarray(counts)
