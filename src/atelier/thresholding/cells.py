"""Cell segmentation by Otsu's threshold."""

from atelier.cells.grayscale import normalise
from atelier.cells.params import SplittingParams
from atelier.cells.watershed import cells_from_mask
from atelier.thresholding.otsu import otsu_thresholds
from atelier.types import Array


def cells_by_threshold(image: Array, params: SplittingParams) -> Array:
    """Returns instance labels, int32, of the pixels above Otsu's threshold, split by watershed.

    A constant image has no cells.

    Args:
        image: Grey, RGB or RGBA, (height, width) or (height, width, channels); 8 bit, 16 bit or
            float.
        params: How the mask is divided into cells.
    """
    grey = normalise(image)
    return cells_from_mask(grey > otsu_thresholds(grey)[0], params)
