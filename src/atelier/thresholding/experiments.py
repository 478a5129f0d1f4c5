"""Otsu's method on any image: thresholds, variances, and an interval of the threshold."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.thresholding.grey_levels import GreyLevels, count_grey_levels
from atelier.thresholding.otsu import (
    ThresholdCurve,
    bootstrap_thresholds,
    threshold_curve,
    thresholds_from_levels,
)
from atelier.thresholding.params import ThresholdingParams
from atelier.types import Array, Metrics


class PictureThresholds(NamedTuple):
    """Thresholds of an image by Otsu's method."""

    thresholds: dict[int, Array]
    """Thresholds by the number of classes, which always include 2."""
    curve: ThresholdCurve
    interval: tuple[float, float] | None
    """Interval of 95 % of the resampled two-class thresholds; None if it cannot be computed."""
    grey_values: int
    """Number of different grey values."""
    span: tuple[float, float]
    """Lowest and highest grey value."""
    notes: tuple[str, ...]
    """Sentences on what could not be computed, and why."""

    def format_grey(self, value: float) -> str:
        """Returns a grey value with enough digits to differ from its neighbours."""
        if float(value).is_integer() and abs(value) < 1e16:
            return f"{value:.0f}"
        width = self.span[1] - self.span[0]
        digits = np.ceil(np.log10(max(abs(value) / width, 1))) if width > 0 else 0
        return f"{value:.{6 + int(digits)}g}"


def threshold_picture(grey: Array, params: ThresholdingParams) -> PictureThresholds:
    """Computes thresholds for several numbers of classes, and a bootstrap interval.

    An image of fewer grey values than classes is divided into as many classes as it has values.
    An image of fewer than two blocks, or of a single grey value, has a threshold but no interval.

    Args:
        grey: Finite grey values, (height, width).
        params: Numbers of classes, and the block bootstrap of the interval.

    Examples:
        >>> import numpy as np
        >>> from atelier.thresholding import ThresholdingParams, threshold_picture
        >>> params = ThresholdingParams(classes=(2, 3), block=4, resamples=20, seed=0)
        >>> result = threshold_picture(np.tile([10, 10, 200, 210], (8, 1)), params)
        >>> {classes: cuts.tolist() for classes, cuts in result.thresholds.items()}
        {2: [10], 3: [10, 200]}
        >>> result.interval, result.notes
        ((10.0, 10.0), ())
    """
    levels = count_grey_levels(grey)
    grey_values = int(np.count_nonzero(levels.counts))
    most = max(grey_values, 2)
    classes = sorted({min(wanted, most) for wanted in params.classes})
    no_interval = _why_no_interval(grey, grey_values, params.block)
    return PictureThresholds(
        {number: thresholds_from_levels(levels, number) for number in classes},
        threshold_curve(*levels),
        None if no_interval else _interval(grey, params),
        grey_values,
        (float(grey.min()), float(grey.max())),
        tuple(filter(None, (_fewer_classes(levels, grey_values, params), no_interval))),
    )


def _fewer_classes(levels: GreyLevels, grey_values: int, params: ThresholdingParams) -> str:
    wanted = max(params.classes)
    if grey_values == 1:
        return f"every pixel is {levels.levels[levels.counts > 0][0]:g}: one class"
    if grey_values < wanted:
        return f"{grey_values} different grey values: {grey_values} classes instead of {wanted}"
    return ""


def _why_no_interval(grey: Array, grey_values: int, block: int) -> str:
    height, width = grey.shape
    blocks = (height // block) * (width // block)
    if grey_values == 1:
        return "no interval: there is nothing to separate"
    if blocks < 2:
        return (
            f"no interval: {height} × {width} pixels hold {blocks} of the 2 blocks of "
            f"picture.otsu.block={block} that are needed"
        )
    return ""


def _interval(grey: Array, params: ThresholdingParams) -> tuple[float, float]:
    drawn = bootstrap_thresholds(
        grey, block=params.block, resamples=params.resamples, seed=params.seed
    )
    low, high = (float(limit) for limit in np.quantile(drawn, (0.025, 0.975)))
    return low, high


def picture_metrics(result: PictureThresholds, pixels: int) -> Metrics:
    """Returns the two-class threshold, its separability and interval, and counts.

    Args:
        result: What :func:`threshold_picture` returns.
        pixels: Number of pixels of the image.
    """
    metrics = {
        "threshold": float(result.thresholds[2][0]),
        "separability": result.curve.separability,
        "pixels": float(pixels),
        "grey_values": float(result.grey_values),
        "classes": float(min(max(result.thresholds), result.grey_values)),
    }
    if result.interval:
        metrics["threshold_low"], metrics["threshold_high"] = result.interval
    return metrics


def curve_table(curve: ThresholdCurve) -> pd.DataFrame:
    """Returns the variances by threshold as a table: ``threshold, within, between``."""
    return pd.DataFrame(
        {"threshold": curve.levels, "within": curve.within, "between": curve.between}
    )
