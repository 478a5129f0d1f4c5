from . import figures as figures
from .binarization import (
    Foreground,
    count_stack_levels,
    find_foreground,
    foreground_metrics,
    local_thresholds,
    masked_grey,
)
from .cells import cells_by_threshold
from .criteria import criteria_metrics, prior_path
from .experiments import PictureThresholds, curve_table, picture_metrics, threshold_picture
from .generalized_histogram import generalized_histogram_threshold
from .otsu import (
    ThresholdCurve,
    apply_thresholds,
    bootstrap_thresholds,
    grey_histogram,
    otsu_thresholds,
    otsu_thresholds_from_histogram,
    threshold_curve,
)
from .params import (
    BinarizationParams,
    HysteresisParams,
    LocalParams,
    PriorParams,
    PriorPathParams,
    ThresholdingParams,
)

__all__ = [
    "BinarizationParams",
    "Foreground",
    "HysteresisParams",
    "LocalParams",
    "PictureThresholds",
    "PriorParams",
    "PriorPathParams",
    "ThresholdCurve",
    "ThresholdingParams",
    "apply_thresholds",
    "bootstrap_thresholds",
    "cells_by_threshold",
    "count_stack_levels",
    "criteria_metrics",
    "curve_table",
    "figures",
    "find_foreground",
    "foreground_metrics",
    "generalized_histogram_threshold",
    "grey_histogram",
    "local_thresholds",
    "masked_grey",
    "otsu_thresholds",
    "otsu_thresholds_from_histogram",
    "picture_metrics",
    "prior_path",
    "threshold_curve",
    "threshold_picture",
]
