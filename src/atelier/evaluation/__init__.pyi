from .calibration_error import (
    ReliabilityBins,
    adaptive_calibration_error,
    brier_score,
    classwise_calibration_error,
    debiased_calibration_error,
    expected_calibration_error,
    maximum_calibration_error,
    negative_log_likelihood,
    reliability_bins,
    smooth_calibration_error,
)
from .classification import class_scores, classification_metrics
from .detection import DetectionMetrics
from .intervals import bootstrap_interval, wilson_interval, with_interval

__all__ = [
    "DetectionMetrics",
    "ReliabilityBins",
    "adaptive_calibration_error",
    "bootstrap_interval",
    "brier_score",
    "class_scores",
    "classification_metrics",
    "classwise_calibration_error",
    "debiased_calibration_error",
    "expected_calibration_error",
    "maximum_calibration_error",
    "negative_log_likelihood",
    "reliability_bins",
    "smooth_calibration_error",
    "wilson_interval",
    "with_interval",
]
