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

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import CellParams, PixelSample, segment_by_logits
        >>> logits = np.stack([np.zeros(20), np.repeat([-4.0, 4.0], 10)], axis=1)
        >>> validation = PixelSample(logits, np.repeat([0, 1, 0, 1], [8, 2, 2, 8]))
        >>> params = CellParams(threshold=0.5, smoothing=0.0, depth=1.0, least=1)
        >>> log_odds = {"a": np.array([[-4.0, 4.0, 4.0, -4.0, 4.0]])}
        >>> segment_by_logits(log_odds, log_odds, validation, params)["a"]
        array([[0, 1, 1, 0, 2]], dtype=int32)
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
