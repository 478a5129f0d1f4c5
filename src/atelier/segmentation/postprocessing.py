"""From the log-odds of pixels to cells."""

from scipy.special import expit

from atelier.cells.watershed import cells_from_probability
from atelier.segmentation.params import CellParams
from atelier.segmentation.pixel_calibration import PixelSample, fit_platt_scale
from atelier.types import Array, Arrays


def segment_by_logits(
    logits: Arrays, ground: Arrays, validation: PixelSample, params: CellParams
) -> dict[str, Array]:
    """Segments images by the log-odds of their pixels.

    Cores come from ``logits`` and grow in ``ground`` up to the decision threshold at which the
    validation pixels are as often cell as background.

    Args:
        logits: Log-odds of cell, (height, width), by the image's name.
        ground: Log-odds of the same images in which cores grow: the same, or another network's.
        validation: Pixels of validation images, with the logits of the network of ``ground``.
        params: Threshold of cores, and how touching cores are split.

    Returns:
        Instance labels, (height, width) int32, by the image's name.
    """
    extent = min(fit_platt_scale(validation).decision_threshold, params.threshold)
    return {
        name: cells_from_probability(
            expit(log_odds),
            threshold=params.threshold,
            extent=extent,
            smoothing=params.smoothing,
            depth=params.depth,
            min_size=params.least,
            ground=expit(ground[name]),
        )
        for name, log_odds in logits.items()
    }
