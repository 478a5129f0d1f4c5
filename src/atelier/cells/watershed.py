"""From masks and probabilities to cells, touching ones apart."""

import numpy as np
from scipy import ndimage
from skimage.measure import label as connected
from skimage.morphology import h_maxima, remove_small_objects
from skimage.segmentation import relabel_sequential, watershed

from atelier.cells.instance_labels import number_cells
from atelier.cells.params import SplittingParams
from atelier.types import Array

FOUR, EIGHT = 1, 2  # scikit-image's words for 4- and 8-connected


def shrink_touching(labels: Array) -> Array:
    """True on cells, False on background and where two different cells touch.

    What a network of two classes has to learn so that cells come apart: a gap of two pixels,
    one from each cell.

    Args:
        labels: Instance labels, (height, width), 0 being background.
    """
    labels, ids = number_cells(labels)
    highest = ndimage.maximum_filter(labels, size=3)
    big = np.where(labels > 0, labels, len(ids))  # which no cell exceeds
    lowest = ndimage.minimum_filter(big, size=3)
    return np.asarray((labels > 0) & (highest == labels) & (lowest == labels))


def split_touching(mask: Array, *, smoothing: float, depth: float, least: int) -> Array:
    """Cells of a mask, int32, by watershed of the distance to background.

    Args:
        mask: True on cells, (height, width).
        smoothing: σ of the Gaussian over the distance map, pixels.
        depth: How far a summit must stand out from its saddle to be a cell of its own, pixels.
        least: Connected parts below this many pixels are dropped.
    """
    kept = clean_mask(np.asarray(mask, bool), least)
    parts = connected(kept, connectivity=FOUR)
    if not parts.any():
        return np.zeros(kept.shape, np.int32)
    heights = ndimage.distance_transform_edt(kept)
    if smoothing:
        heights = np.where(kept, ndimage.gaussian_filter(heights, smoothing), 0)
    summits = connected(h_maxima(heights, depth), connectivity=EIGHT)
    climbed = np.unique(parts[summits > 0])
    low = ~np.isin(parts, climbed) & kept  # too low for a summit: one cell each
    seeds = np.where(low, summits.max() + parts, summits)
    cells = watershed(-heights, seeds, mask=kept)
    return np.asarray(relabel_sequential(cells)[0], np.int32)


def clean_mask(mask: Array, least: int) -> Array:
    """The mask without connected parts below ``least`` pixels, and with their holes filled."""
    filled = ndimage.binary_fill_holes(mask)
    return np.asarray(remove_small_objects(filled, max_size=max(least - 1, 0)))


def cells_from_probability(
    probability: Array,
    *,
    threshold: float,
    extent: float,
    smoothing: float,
    depth: float,
    least: int,
    ground: Array | None = None,
) -> Array:
    """Instance labels, int32, of a map of the probability to be cell, (height, width).

    Connected parts above ``threshold``, those that still touch split at their necks; then each
    grows into what is at least as likely as ``extent``, until it meets another: border weights
    teach a network to see gaps, and so to draw cells too small.

    Args:
        probability: In [0, 1].
        threshold: Above is a cell's core.
        extent: Above is what a cell may grow into, at most ``threshold``.
        smoothing: As in :func:`split_touching`, like the next two.
        depth: Of a summit above its saddle.
        least: Pixels of the smallest core.
        ground: Another map of the same probability, in which the cores grow: that of a network
            without border weights knows better how far a cell reaches, and worse where two meet.

    Raises:
        ValueError: ``extent`` is above ``threshold``.
    """
    if extent > threshold:
        raise ValueError(f"Expected extent <= threshold. Received: {extent} > {threshold}")
    cores = split_touching(probability > threshold, smoothing=smoothing, depth=depth, least=least)
    ground = probability if ground is None else ground
    reach = (ground > extent) | (cores > 0)
    return np.asarray(watershed(-ground, cores, mask=reach), np.int32)


def cells_from_mask(mask: Array, params: SplittingParams) -> Array:
    """Returns instance labels, int32: :func:`split_touching` with typed parameters."""
    return split_touching(mask, **params.model_dump())
