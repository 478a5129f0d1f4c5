from . import figures as figures
from .cells import cells_by_threshold
from .experiments import PictureThresholds, curve_table, picture_metrics, threshold_picture
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
    "curve_table",
    "figures",
    "grey_histogram",
    "otsu_thresholds",
    "otsu_thresholds_from_histogram",
    "picture_metrics",
    "threshold_curve",
    "threshold_picture",
]
