"""Otsu's thresholds, for any number of classes (Otsu 1979; Liao et al. 2001)."""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from atelier.evaluation.validation import real_numbers, require_finite
from atelier.thresholding.grey_levels import GreyLevels, count_grey_levels, level_indices
from atelier.thresholding.partition import optimal_cuts, scaled_distances
from atelier.types import Array


class ThresholdCurve(NamedTuple):
    """Variances within and between two classes for every threshold between two grey values."""

    levels: Array
    """Thresholds, (n,); t separates <= t from > t."""
    within: Array
    """Mean variance within the two classes, (n,); with ``between`` it sums to ``total``."""
    between: Array
    """Variance between the two classes, (n,), which is largest at Otsu's threshold."""
    total: float
    """Variance of all pixels."""
    separability: float
    """Otsu's η: largest share of the variance that lies between the classes, in [0, 1]."""


def grey_histogram(image: Array) -> tuple[Array, Array]:
    """Returns the number of pixels of each grey value, int64, and the rising grey values.

    :func:`count_grey_levels` describes how integers and floats are counted. The value of a bin of
    many floats is the largest of them. Masked pixels do not count.

    Args:
        image: Integers, Booleans or finite floats of any shape.

    Raises:
        ValueError: If the image is empty, masked everywhere, or not of finite numbers.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import grey_histogram
        >>> counts, levels = grey_histogram(np.array([[0.5, 0.5], [2.0, 7.0]]))
        >>> counts.tolist(), levels.tolist()
        ([2, 1, 1], [0.5, 2.0, 7.0])
    """
    return count_grey_levels(image)[:2]


def otsu_thresholds(image: Array, *, classes: int = 2) -> Array:
    """Returns the thresholds that minimise the variance within the classes (Otsu 1979).

    A threshold t separates <= t from > t and is a grey value of the image. Of equally good
    thresholds the first is returned. For two classes, an image of a single grey value has that
    value as its threshold.

    The thresholds are those of an exhaustive search (by the dynamic programming of Liao et al.
    2001) for integers of every width and for floats of up to 65,536 different values: exact up to
    4,096 different values, above that to the rounding of float64. Images of more different floats
    are searched at up to 16,384 borders, and the largest grey value below the border is returned.

    Args:
        image: Grey values of any shape: integers, Booleans or finite floats. The masked pixels of
            a :class:`numpy.ma.MaskedArray` do not count.
        classes: Number of classes, from 2 to the number of different grey values.

    Returns:
        Rising thresholds of shape (classes - 1,), in the image's grey values.

    Raises:
        ValueError: If the image has fewer grey values than classes, no unmasked pixel or values
            that are not finite, or if ``classes`` is below 2.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import otsu_thresholds
        >>> image = np.array([[10, 11, 12, 90], [11, 91, 92, 200]])
        >>> otsu_thresholds(image).tolist()
        [12]
        >>> otsu_thresholds(image, classes=3).tolist()
        [12, 92]
    """
    return thresholds_from_levels(count_grey_levels(image), classes)


def otsu_thresholds_from_histogram(counts: Array, levels: Array, *, classes: int = 2) -> Array:
    """Returns the thresholds of a histogram that minimise the variance within the classes.

    The method is that of :func:`otsu_thresholds`.

    Args:
        counts: Number of pixels of each level, shape (levels,), not negative.
        levels: Rising grey values, shape (levels,).
        classes: Number of classes, from 2 to the number of levels with pixels.

    Returns:
        Rising thresholds of shape (classes - 1,), each a level with pixels.

    Raises:
        ValueError: If there are fewer levels with pixels than classes, or if counts or levels are
            invalid or masked.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import otsu_thresholds_from_histogram
        >>> counts, levels = np.array([4, 3, 0, 2, 5]), np.array([0, 1, 2, 8, 9])
        >>> otsu_thresholds_from_histogram(counts, levels).tolist()
        [1]
    """
    return thresholds_from_levels(_checked_histogram(counts, levels), classes)


def _checked_histogram(counts: Array, levels: Array) -> GreyLevels:
    """Returns a histogram after a check that its counts and levels fit each other.

    Raises:
        ValueError: If counts or levels are invalid or masked.
    """
    counts, levels = real_numbers("counts", counts), real_numbers("levels", levels)
    require_finite("counts", counts)
    if counts.dtype.kind == "f":
        counts = counts.astype(np.float64)  # sums of float32 counts lose pixels
    if counts.shape != levels.shape or counts.ndim != 1 or not (counts >= 0).all():
        raise ValueError(
            f"Expected one count >= 0 a level. Received: {counts.shape} and {levels.shape}"
        )
    if not np.isfinite(levels).all() or not (levels[1:] > levels[:-1]).all():
        raise ValueError(
            "Expected rising levels. Received: levels that are not finite or not rising"
        )
    return GreyLevels(counts, levels)


def thresholds_from_levels(grey: GreyLevels, classes: int) -> Array:
    """Returns Otsu's thresholds, (classes - 1,), of what :func:`count_grey_levels` returns.

    Raises:
        ValueError: If there are fewer levels with pixels than classes.
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
    """Computes the variances within and between two classes for every threshold but the last.

    These are equations 13 to 18 of Otsu (1979).

    Args:
        counts: Number of pixels of each level, (levels,).
        levels: Rising grey values, (levels,).
        means: Mean of the pixels of each level, as :func:`count_grey_levels` returns it for an
            image of very many different floats; the variances are then those of the pixels.
        spread: Mean variance within the levels, as the same function returns it.

    Returns:
        The curve over the levels with pixels, without the last.

    Raises:
        ValueError: If counts or levels are invalid or masked, or no level has pixels.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import threshold_curve
        >>> curve = threshold_curve(np.array([1, 1, 2]), np.array([0, 2, 10]))
        >>> curve.levels.tolist(), curve.between.round(3).tolist(), round(curve.total, 2)
        ([0, 2], [10.083, 20.25], 20.75)
    """
    histogram = _checked_histogram(counts, levels)
    occur = histogram.counts > 0
    if not occur.any():
        raise ValueError(f"Expected a level with pixels. Received: none, {occur.shape}")
    share, levels = histogram.counts[occur] / histogram.counts.sum(), histogram.levels[occur]
    distances, exponent = scaled_distances(levels)
    if means is not None:
        distances = means[occur]
    distances = distances - distances @ share
    below, moment = np.cumsum(share)[:-1], np.cumsum(share * distances)[:-1]
    between = moment**2 / (below * (1 - below))
    total = float(share @ distances**2) + spread
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
    """Computes two-class thresholds of images resampled by a block bootstrap (Künsch 1989).

    Neighbouring pixels are correlated, so square blocks are drawn with replacement, not pixels.
    Pixels beyond the last whole block at the right and lower edge are left out, and so are blocks
    without an unmasked pixel.

    Args:
        image: Grey values, (height, width).
        block: Side of a block, pixels.
        resamples: Number of resampled images.
        seed: Seed of the draws.

    Returns:
        A threshold for each resampled image, (resamples,).

    Raises:
        ValueError: If fewer than two blocks fit, or if the image has not two dimensions.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import bootstrap_thresholds
        >>> image = np.tile([10, 10, 200, 200], (8, 1))
        >>> bootstrap_thresholds(image, block=4, resamples=3, seed=0).tolist()
        [10, 10, 10]
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
    """Counts the pixels of each level in each block with pixels, (blocks, levels)."""
    columns = image.shape[1] // block
    row, column = (np.arange(side) // block for side in image.shape)
    number = row[:, None] * columns + column
    unmasked = ~np.ma.getmaskarray(image)
    pixels = np.asarray(image)[unmasked]
    where = (number[unmasked], level_indices(pixels, levels))
    shape = (int(number.max()) + 1, len(levels))
    tables = sparse.coo_array((np.ones(len(pixels), np.int64), where), shape=shape).tocsr()
    return tables[tables.sum(axis=1) > 0]


def apply_thresholds(image: Array, thresholds: Array) -> Array:
    """Returns the class of each pixel, uint8: the number of thresholds that it exceeds.

    Args:
        image: Grey values of any shape. A masked array gives a masked array.
        thresholds: (classes - 1,).

    Raises:
        ValueError: If pixels that are not masked, or thresholds, are NaN, or thresholds are masked.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import apply_thresholds
        >>> apply_thresholds(np.array([[3, 5], [6, 9]]), np.array([5, 8])).tolist()
        [[0, 0], [1, 2]]
    """
    _require_numbers("pixels", np.ma.compressed(image))
    thresholds = real_numbers("thresholds", thresholds)
    _require_numbers("thresholds", thresholds)
    classes = np.zeros(np.shape(image), np.uint8)
    for threshold in thresholds:
        classes += np.asarray(image) > threshold
    if isinstance(image, np.ma.MaskedArray):
        return np.ma.MaskedArray(classes, image.mask)
    return classes


def _require_numbers(name: str, values: Array) -> None:
    """Raises a ValueError that counts the values that are NaN, if there are any."""
    missing = int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0
    if missing:
        raise ValueError(f"Expected {name} without NaN. Received: {missing} of {values.size} NaN")
