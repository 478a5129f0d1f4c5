"""From masks and probabilities to cells, with touching cells separated."""

import numpy as np
from scipy import ndimage
from skimage.measure import label as connected
from skimage.morphology import h_maxima, remove_small_objects
from skimage.segmentation import relabel_sequential, watershed

from atelier.cells.instance_labels import number_cells
from atelier.cells.params import SplittingParams
from atelier.types import Array

FOUR, EIGHT = 1, 2
"""scikit-image's connectivity of 4 and of 8 neighbours."""


def shrink_touching(labels: Array) -> Array:
    """Returns the mask of cells without those pixels at which two cells touch.

    This is the target from which a network of two classes learns to separate cells: a gap of two
    pixels, one from each cell.

    Args:
        labels: Instance labels, (height, width); 0 is background.

    Returns:
        (height, width) bool.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import shrink_touching
        >>> shrink_touching(np.array([[1, 1, 2, 2, 0, 3]])).astype(int)
        array([[1, 0, 0, 1, 0, 1]])
    """
    labels, ids = number_cells(labels)
    highest = ndimage.maximum_filter(labels, size=3)
    background_last = np.where(labels > 0, labels, len(ids))  # which no cell exceeds
    lowest = ndimage.minimum_filter(background_last, size=3)
    return np.asarray((labels > 0) & (highest == labels) & (lowest == labels))


def split_touching(mask: Array, *, smoothing: float, depth: float, min_size: int) -> Array:
    """Splits a mask into cells by a watershed of the distance to background.

    Args:
        mask: True on cells, (height, width).
        smoothing: σ of the Gaussian over the distance map, pixels; 0 for none.
        depth: How far a peak must exceed its saddle to be a cell, pixels.
        min_size: Connected parts below this many pixels are removed.

    Returns:
        Instance labels, (height, width) int32, numbered from 1.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import split_touching
        >>> mask = np.ones((5, 11), bool)
        >>> mask[:, 5] = [False, False, True, False, False]
        >>> int(split_touching(mask, smoothing=0.0, depth=0.5, min_size=5).max())
        2
    """
    mask = clean_mask(np.asarray(mask, bool), min_size)
    parts = connected(mask, connectivity=FOUR)
    if not parts.any():
        return np.zeros(mask.shape, np.int32)
    heights = ndimage.distance_transform_edt(mask)
    if smoothing:
        heights = np.where(mask, ndimage.gaussian_filter(heights, smoothing), 0)
    peaks = connected(h_maxima(heights, depth), connectivity=EIGHT)
    without_peak = ~np.isin(parts, np.unique(parts[peaks > 0])) & mask  # a cell for each part
    seeds = np.where(without_peak, peaks.max() + parts, peaks)
    cells = watershed(-heights, seeds, mask=mask)
    return np.asarray(relabel_sequential(cells)[0], np.int32)


def clean_mask(mask: Array, min_size: int) -> Array:
    """Fills the holes of a mask and removes connected parts below ``min_size`` pixels."""
    filled = ndimage.binary_fill_holes(mask)
    return np.asarray(remove_small_objects(filled, max_size=max(min_size - 1, 0)))


def cells_from_probability(
    probability: Array,
    *,
    threshold: float,
    extent: float,
    smoothing: float,
    depth: float,
    min_size: int,
    ground: Array | None = None,
) -> Array:
    """Finds cells in a map of probabilities: cores first, which then grow until they meet.

    Cores are the connected parts above ``threshold``, split at their necks. Each grows into what is
    more probable than ``extent``: border weights teach a network to predict gaps, and so to
    predict cells too small.

    Args:
        probability: Of being cell, (height, width), in [0, 1].
        threshold: Probability above which a pixel belongs to a core, in (0, 1).
        extent: Probability above which a cell may grow, at most ``threshold``.
        smoothing: σ of the Gaussian over the cores' distance map, pixels.
        depth: How far a peak of the distance map must exceed its saddle, pixels.
        min_size: Pixels of the smallest core.
        ground: A second map of the same probability, in which the cores grow: a network without
            border weights predicts better how far a cell extends, and worse where two meet.

    Returns:
        Instance labels, (height, width) int32.

    Raises:
        ValueError: ``extent`` is above ``threshold``.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import cells_from_probability
        >>> probability = np.array([[0.1, 0.3, 0.9, 0.9, 0.3, 0.1]])
        >>> cells_from_probability(
        ...     probability, threshold=0.5, extent=0.2, smoothing=0.0, depth=1.0, min_size=1
        ... )
        array([[0, 1, 1, 1, 1, 0]], dtype=int32)
    """
    if extent > threshold:
        raise ValueError(f"Expected extent <= threshold. Received: {extent} > {threshold}")
    cores = split_touching(
        probability > threshold, smoothing=smoothing, depth=depth, min_size=min_size
    )
    ground = probability if ground is None else ground
    reachable = (ground > extent) | (cores > 0)
    return np.asarray(watershed(-ground, cores, mask=reachable), np.int32)


def cells_from_mask(mask: Array, params: SplittingParams) -> Array:
    """Splits a mask, (height, width), into cells by :func:`split_touching`.

    Returns:
        Instance labels, (height, width) int32.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import SplittingParams, cells_from_mask
        >>> params = SplittingParams(smoothing=0.0, depth=1.0, least=2)
        >>> cells_from_mask(np.array([[1, 1, 0, 1]], bool), params)
        array([[1, 1, 0, 0]], dtype=int32)
    """
    return split_touching(
        mask, smoothing=params.smoothing, depth=params.depth, min_size=params.least
    )
