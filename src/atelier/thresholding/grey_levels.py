"""Histograms of grey values, of integers and floats of any range."""

from typing import NamedTuple

import numpy as np

from atelier.cells.grayscale import check_finite_image
from atelier.thresholding.partition import scaled_distances
from atelier.types import Array

EXACT_LEVELS = 1 << 16
"""Largest number of different floats that are counted value by value."""
BINS = 1 << 13
"""Number of borders at equal distances, and of borders at equal frequencies, for more floats."""
SPAN = 1 << 16
"""Integers whose range is below this, or below 4 times the pixels, are counted in a full table."""
BLOCK_SIZE = 1 << 17
"""Pixels that are counted together, so that they stay in the cache of a core."""


class GreyLevels(NamedTuple):
    """Histogram of an image."""

    counts: Array
    """Pixels of each level, (levels,) int64."""
    levels: Array
    """Grey value of each level, rising; of a bin, the largest of its grey values."""
    means: Array | None = None
    """Mean of each level's pixels in the unit of :func:`scaled_distances`; None if equal to it."""
    spread: float = 0.0
    """Mean variance within the levels, in the square of that unit."""


def count_grey_levels(image: Array) -> GreyLevels:
    """Counts the pixels of each grey value.

    Integers are counted value by value, and so are floats with at most 65,536 different values.
    Floats with more are counted in bins, up to 16,384: half of the borders divide the range into
    equal parts, the others divide the pixels into equal parts, so that an outlier does not put all
    others into one bin. Masked pixels do not count.

    Args:
        image: Integers, Booleans or finite floats of any shape.

    Raises:
        ValueError: If the image is empty, masked everywhere, or not of finite numbers.
    """
    pixels = _pixels(image)
    if pixels.dtype.kind == "f":
        return _float_levels(pixels)
    if pixels.dtype.itemsize == 1 and pixels.dtype.kind in "ub":
        return GreyLevels(_count_bytes(pixels.astype(np.uint8, copy=False)), np.arange(256))
    return _integer_levels(pixels)


def level_indices(pixels: Array, levels: Array) -> Array:
    """Returns the index of each pixel's level among the levels of the same image."""
    if levels.dtype.kind != "f":
        levels = levels.astype(pixels.dtype)
    return np.searchsorted(levels, pixels)


def _pixels(image: Array) -> Array:
    """Returns the unmasked pixels of an image in the machine's byte order."""
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
    """Bins rising pixels between borders at equal distances and at equal frequencies."""
    distances, _ = scaled_distances(ordered)
    borders = np.searchsorted(distances, distances[-1] * np.arange(1, BINS) / BINS, side="right")
    alike = np.searchsorted(distances, distances[len(distances) * np.arange(BINS) // BINS])
    first = np.sort(np.concatenate([alike, borders]))
    first = first[np.diff(first, prepend=-1) > 0]
    counts = np.diff(first, append=len(ordered))
    means = np.add.reduceat(distances, first) / counts
    squares = np.einsum("i,i", distances, distances) - np.sum(counts * means**2)
    spread = float(squares) / len(ordered)
    return GreyLevels(counts, ordered[first + counts - 1], means, max(spread, 0.0))


def _count_bytes(image: Array) -> Array:
    """Counts the pixels of each byte, (256,); pairs of pixels are read as numbers of 16 bit."""
    flat = np.ascontiguousarray(image).ravel()
    pairs = flat[: len(flat) // 2 * 2].view(np.uint16)
    table = np.zeros(1 << 16, np.int64)
    for start in range(0, len(pairs), BLOCK_SIZE):
        table += np.bincount(pairs[start : start + BLOCK_SIZE], minlength=1 << 16)
    grid = table.reshape(256, 256)
    counts = grid.sum(axis=0) + grid.sum(axis=1)
    if len(flat) % 2:
        counts[flat[-1]] += 1
    return np.asarray(counts)
