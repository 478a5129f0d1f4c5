"""Masks of cells that are given as if they were instance labels."""

import numpy as np
from skimage.measure import label as connected

from atelier.types import Array

FOUR, EIGHT = 1, 2  # scikit-image's words for 4- and 8-connected


def is_foreground(labels: Array) -> bool:
    """Whether all cells have the same number: one positive value in several separate parts.

    Such are masks of 0 and 255, of 0 and 1, or Boolean. Parts that meet at a corner are not
    separate. A picture of one cell in one part is a label map like any other.

    Args:
        labels: Integers or Booleans, (height, width); 0 is background.
    """
    cells = labels > 0
    values = labels[cells]
    if values.size == 0 or values.min() != values.max():
        return False
    return bool(connected(cells, connectivity=EIGHT).max() > 1)


def connected_cells(mask: Array) -> Array:
    """Instance labels of a mask: a number for each 4-connected part."""
    return np.asarray(connected(mask, connectivity=FOUR))
