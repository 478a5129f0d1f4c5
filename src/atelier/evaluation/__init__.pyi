from .calibration_error import (
    adaptive_calibration_error,
    classwise_calibration_error,
    debiased_calibration_error,
    expected_calibration_error,
    maximum_calibration_error,
    smooth_calibration_error,
)
from .calibration_tests import (
    CalibrationTest,
    kernel_calibration_test,
    ks_calibration_test,
    kuiper_calibration_test,
)
from .classification import (
    class_scores,
    classification_metrics,
    confident_mistakes,
    confusion_matrix,
)
from .decomposition import (
    CalibrationRefinement,
    ScoreDecomposition,
    decompose_score,
    refine_score,
)
from .detection import DetectionMetrics, detection_intervals, detection_metrics
from .examples import SPLIT, classification_examples, example_table
from .intervals import (
    bootstrap_interval,
    interval_text,
    wilson_interval,
    with_bootstrap_interval,
    with_interval,
)
from .params import BootstrapParams
from .reliability import (
    ReliabilityBins,
    reliability_bands,
    reliability_bins,
    top_label,
)
from .scoring_rules import brier_score, log_losses, negative_log_likelihood
from .weighted_detection import bootstrap_weights, weighted_detection_metrics

__all__ = [
    "SPLIT",
    "BootstrapParams",
    "CalibrationRefinement",
    "CalibrationTest",
    "DetectionMetrics",
    "ReliabilityBins",
    "ScoreDecomposition",
    "adaptive_calibration_error",
    "bootstrap_interval",
    "bootstrap_weights",
    "brier_score",
    "class_scores",
    "classification_examples",
    "classification_metrics",
    "classwise_calibration_error",
    "confident_mistakes",
    "confusion_matrix",
    "debiased_calibration_error",
    "decompose_score",
    "detection_intervals",
    "detection_metrics",
    "example_table",
    "expected_calibration_error",
    "interval_text",
    "kernel_calibration_test",
    "ks_calibration_test",
    "kuiper_calibration_test",
    "log_losses",
    "maximum_calibration_error",
    "negative_log_likelihood",
    "refine_score",
    "reliability_bands",
    "reliability_bins",
    "smooth_calibration_error",
    "top_label",
    "weighted_detection_metrics",
    "wilson_interval",
    "with_bootstrap_interval",
    "with_interval",
]
