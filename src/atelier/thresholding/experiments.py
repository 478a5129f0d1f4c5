"""Otsu's method on one picture, whatever it allows: thresholds, their variances, an interval."""

from typing import NamedTuple

import numpy as np

from atelier.thresholding.grey_levels import GreyLevels, count_grey_levels
from atelier.thresholding.otsu import (
    ThresholdCurve,
    bootstrap_thresholds,
    threshold_curve,
    thresholds_from_levels,
)
from atelier.thresholding.params import ThresholdingParams
from atelier.types import Array


class PictureThresholds(NamedTuple):
    """What Otsu's method says of a picture."""

    cuts: dict[int, Array]
    """Number of classes to their thresholds; always for two."""
    curve: ThresholdCurve
    interval: tuple[float, float] | None
    """In which 95 % of the resampled thresholds lie; None where there is none."""
    grey_values: int
    """How many different ones the picture has."""
    span: tuple[float, float]
    """The lowest and the highest grey value."""
    notes: tuple[str, ...]
    """What could not be done, and why."""

    def text(self, value: float) -> str:
        """A grey value with digits that tell it from its neighbours."""
        if float(value).is_integer() and abs(value) < 1e16:
            return f"{value:.0f}"
        width = self.span[1] - self.span[0]
        more = np.ceil(np.log10(max(abs(value) / width, 1))) if width > 0 else 0
        return f"{value:.{6 + int(more)}g}"


def threshold_picture(grey: Array, params: ThresholdingParams) -> PictureThresholds:
    """Thresholds for as many of the classes as the picture has grey values, and their interval.

    A picture of fewer grey values than classes is divided into as many classes as it has values.
    One that holds fewer than two blocks, or a single grey value, has a threshold but no interval.

    Args:
        grey: Finite grey values, (height, width).
        params: Classes, and how the interval is made.
    """
    levels = count_grey_levels(grey)
    grey_values = int(np.count_nonzero(levels.counts))
    most = max(grey_values, 2)
    classes = sorted({min(wanted, most) for wanted in params.classes})
    missing = _no_interval(grey, grey_values, params.block)
    return PictureThresholds(
        {number: thresholds_from_levels(levels, number) for number in classes},
        threshold_curve(*levels),
        None if missing else _interval(grey, params),
        grey_values,
        (float(grey.min()), float(grey.max())),
        tuple(filter(None, (_fewer_classes(levels, grey_values, params), missing))),
    )


def _fewer_classes(levels: GreyLevels, grey_values: int, params: ThresholdingParams) -> str:
    wanted = max(params.classes)
    if grey_values == 1:
        return f"every pixel is {levels.levels[levels.counts > 0][0]:g}: one class"
    if grey_values < wanted:
        return f"{grey_values} different grey values: {grey_values} classes instead of {wanted}"
    return ""


def _no_interval(grey: Array, grey_values: int, block: int) -> str:
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
