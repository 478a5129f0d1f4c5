"""Cells without a network: by Otsu's threshold, and by a mixture of Gaussians."""

from atelier.cells.grayscale import normalise
from atelier.cells.params import SplittingParams
from atelier.cells.watershed import cells_from_mask
from atelier.thresholding.otsu import otsu_thresholds
from atelier.types import Array


def cells_by_threshold(image: Array, params: SplittingParams) -> Array:
    """Instance labels, int32: above Otsu's threshold, split by watershed; none if constant.

    Args:
        image: As it comes: grey, RGB or RGBA, 8 or 16 bit or float.
        params: How cells are made of the mask.
    """
    grey = normalise(image)
    return cells_from_mask(grey > otsu_thresholds(grey)[0], params)
