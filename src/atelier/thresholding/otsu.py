"""Otsu's thresholds, for any number of classes (Otsu 1979; Liao et al. 2001)."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from atelier.thresholding.grey_levels import GreyLevels, count_grey_levels, level_indices
from atelier.thresholding.partition import optimal_cuts, scaled_distances
from atelier.types import Array


class ThresholdCurve(NamedTuple):
    """What Otsu's criterion says of every threshold between two grey values that occur."""

    levels: Array
    """Thresholds: t splits into <= t and > t."""
    within: Array
    """Mean variance within the two classes; with ``between`` it sums to ``total``."""
    between: Array
    """Variance between them, which is largest at the threshold."""
    total: float
    separability: float
    """Otsu's η: the largest share of the variance that lies between classes, 0 … 1."""


def grey_histogram(image: Array) -> tuple[Array, Array]:
    """Pixels of each grey value, (levels,) int64, and the values, rising.

    How integers and floats are counted stands at :func:`grey_levels`. A level of many floats is
    named by the largest of them. Masked pixels do not count.

    Raises:
        ValueError: The image is empty, all masked, or holds something else than finite numbers.
    """
    return count_grey_levels(image)[:2]


def otsu_thresholds(image: Array, *, classes: int = 2) -> Array:
    """The ``classes`` - 1 rising thresholds that leave the least variance within the classes.

    Each is a grey value of the image: t splits into <= t and > t. Of thresholds that are equally
    good the first is taken. An image of a single grey value has that value as its threshold, for
    two classes.

    The thresholds are those of an exhaustive search for integers of every width and for floats of
    up to 65,536 different values: to the last bit up to 4,096 different values, above that to the
    rounding of float64. Images of more different floats are searched at up to 16,384 borders, and
    the largest grey value below the border is returned.

    Args:
        image: Grey values of any shape, integers, Booleans or floats. The masked pixels of a
            :class:`numpy.ma.MaskedArray` are left out.
        classes: Of grey values.

    Raises:
        ValueError: Fewer grey values than classes, fewer than two classes, no finite numbers, or
            no pixel that is not masked.
    """
    return thresholds_from_levels(count_grey_levels(image), classes)


def otsu_thresholds_from_histogram(counts: Array, levels: Array, *, classes: int = 2) -> Array:
    """The same, (classes - 1,), from a histogram.

    Args:
        counts: Pixels of each level, (levels,), none negative.
        levels: Rising grey values, (levels,).
        classes: Of grey values.

    Raises:
        ValueError: Fewer levels that occur than classes, or a histogram that is none.
    """
    counts, levels = np.asarray(counts), np.asarray(levels)
    if counts.shape != levels.shape or counts.ndim != 1 or not (counts >= 0).all():
        raise ValueError(
            f"Expected one count >= 0 a level. Received: {counts.shape} and {levels.shape}"
        )
    if not np.isfinite(levels).all() or not (levels[1:] > levels[:-1]).all():
        raise ValueError("Expected rising levels. Received: some that do not rise")
    return thresholds_from_levels(GreyLevels(counts, levels), classes)


def thresholds_from_levels(grey: GreyLevels, classes: int) -> Array:
    """The same, (classes - 1,), from what :func:`grey_levels` returns.

    Raises:
        ValueError: Fewer levels that occur than classes.
    """
    occur = grey.counts > 0
    counts, levels = grey.counts[occur], grey.levels[occur]
    if classes < 2 or (len(levels) < classes and (classes, len(levels)) != (2, 1)):
        raise ValueError(
            f"Expected at least 2 classes, and as many grey values. Received: classes={classes}, "
            f"{len(levels)} different grey values"
        )
    if len(levels) == 1:
        return levels
    values = levels if grey.means is None else grey.means[occur]
    return levels[optimal_cuts(counts, values, classes)]


def threshold_curve(
    counts: Array, levels: Array, means: Array | None = None, spread: float = 0.0
) -> ThresholdCurve:
    """Variance within and between the classes for every threshold but the last (Otsu, eq. 13-18).

    Args:
        counts: Pixels of each level, (levels,).
        levels: Rising grey values, (levels,).
        means: As :func:`grey_levels` gives them for a picture of very many different floats, so
            that the variances are those of its pixels.
        spread: Likewise.
    """
    occur = np.asarray(counts) > 0
    share, levels = np.asarray(counts)[occur] / np.sum(counts), np.asarray(levels)[occur]
    places, exponent = scaled_distances(levels)
    if means is not None:
        places = means[occur]
    places = places - places @ share
    below, moment = np.cumsum(share)[:-1], np.cumsum(share * places)[:-1]
    between = moment**2 / (below * (1 - below))
    total = float(share @ places**2) + spread
    best = float(between.max(initial=0.0))
    with np.errstate(over="ignore"):  # the variance of 1e300 is no float64
        unit = np.ldexp(1.0, 2 * exponent)
    return ThresholdCurve(
        levels[:-1],
        (total - between) * unit,
        between * unit,
        float(total * unit),
        min(best / total, 1.0) if total else 0.0,
    )


def bootstrap_thresholds(image: Array, *, block: int, resamples: int, seed: int) -> Array:
    """Two-class thresholds, (resamples,), of images put together from drawn blocks.

    Neighbouring pixels are alike, so squares of them are drawn with repetition, not pixels
    (Künsch 1989); what does not fill a square at the right and lower edge is left out, and so are
    squares that are all masked.

    Args:
        image: Grey values, (height, width).
        block: Side of a square, pixels.
        resamples: How many images.
        seed: Of the draws.

    Raises:
        ValueError: Fewer than two blocks fit, or the image is not flat.
    """
    image = np.ma.asarray(image) if isinstance(image, np.ma.MaskedArray) else np.asarray(image)
    rows, columns = (side // block for side in image.shape[:2])
    if image.ndim != 2 or rows * columns < 2:
        raise ValueError(f"Expected at least two blocks of {block}². Received: {image.shape}")
    grey = count_grey_levels(image)
    tables = _block_tables(image[: rows * block, : columns * block], grey.levels, block)
    squares = tables.shape[0]
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(squares, np.full(squares, 1 / squares), resamples)
    counts = tables.T.tocsr()
    resampled = (grey._replace(counts=counts @ row) for row in drawn)
    return np.array([thresholds_from_levels(levels, 2)[0] for levels in resampled])


def _block_tables(image: Array, levels: Array, block: int) -> sparse.csr_array:
    """Pixels of each level in each block that has any, (blocks, levels)."""
    columns = image.shape[1] // block
    row, column = (np.arange(side) // block for side in image.shape)
    number = row[:, None] * columns + column
    shown = ~np.ma.getmaskarray(image)
    pixels = np.asarray(image)[shown]
    where = (number[shown], level_indices(pixels, levels))
    shape = (int(number.max()) + 1, len(levels))
    tables = sparse.coo_array((np.ones(len(pixels), np.int64), where), shape=shape).tocsr()
    return tables[tables.sum(axis=1) > 0]


def apply_thresholds(image: Array, thresholds: Array) -> Array:
    """The class of each pixel, uint8: how many thresholds it lies above; masks are kept."""
    classes = np.zeros(np.shape(image), np.uint8)
    for threshold in thresholds:
        classes += np.asarray(image) > threshold
    if isinstance(image, np.ma.MaskedArray):
        return np.ma.MaskedArray(classes, image.mask)
    return classes
