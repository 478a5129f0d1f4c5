from .cells import cells_by_threshold
from .experiments import PictureThresholds, threshold_picture
from .otsu import (
    ThresholdCurve,
    apply_thresholds,
    bootstrap_thresholds,
    grey_histogram,
    otsu_thresholds,
    otsu_thresholds_from_histogram,
    threshold_curve,
)
from .params import ThresholdingParams

__all__ = [
    "PictureThresholds",
    "ThresholdCurve",
    "ThresholdingParams",
    "apply_thresholds",
    "bootstrap_thresholds",
    "cells_by_threshold",
    "grey_histogram",
    "otsu_thresholds",
    "otsu_thresholds_from_histogram",
    "threshold_curve",
    "threshold_picture",
]
