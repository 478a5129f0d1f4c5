"""Masks of cells that are stored in place of instance labels."""

import numpy as np
from skimage.measure import label as connected

from atelier.types import Array

FOUR, EIGHT = 1, 2
"""scikit-image's connectivity of 4 and of 8 neighbours."""


def is_foreground(labels: Array) -> bool:
    """Returns whether all cells share a number: one positive value in several separate parts.

    Such are masks of 0 and 255, of 0 and 1, or Boolean. Parts that meet at a corner are not
    separate. An image of a single connected cell is a label map like any other.

    Args:
        labels: Integers or Booleans, (height, width); 0 is background.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.foreground import is_foreground
        >>> is_foreground(np.array([[255, 0, 255]])), is_foreground(np.array([[1, 0, 2]]))
        (True, False)
    """
    mask = labels > 0
    values = labels[mask]
    if values.size == 0 or values.min() != values.max():
        return False
    return bool(connected(mask, connectivity=EIGHT).max() > 1)


def connected_cells(mask: Array) -> Array:
    """Returns instance labels of a mask, (height, width): a number for each 4-connected part."""
    return np.asarray(connected(mask, connectivity=FOUR))
