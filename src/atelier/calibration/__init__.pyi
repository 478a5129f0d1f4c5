from . import figures as figures
from . import gain_figures as gain_figures
from . import mistake_figures as mistake_figures
from . import rejection_figures as rejection_figures
from . import set_figures as set_figures
from . import shift_figures as shift_figures
from .adversarial import fast_gradient_sign
from .base import Calibrator
from .beta import BetaCalibration
from .binning import BayesianBinning, HistogramBinning, IsotonicRegression
from .calibrators import (
    CALIBRATORS,
    EXPERIMENT_CALIBRATORS,
    GUO_CALIBRATORS,
    MODERN_CALIBRATORS,
    calibrated_probabilities,
    fit_calibrators,
)
from .capacity import capacity_study, overtrain
from .confidence import confidence_scores
from .conformal import (
    SET_METHODS,
    AdaptiveSets,
    ConformalSets,
    CoverageLaw,
    LeastAmbiguousSets,
    RegularizedAdaptiveSets,
    coverage_law,
    sets_from_record,
    sets_record,
)
from .decisions import Decisions
from .density import DensityModel, DensityScore
from .dirichlet import DirichletCalibration
from .distribution_shift import (
    ShiftedImages,
    out_of_distribution_images,
    shift_tables,
    shifted_images,
)
from .ensemble import EnsembleTemperatureScaling
from .examples import calibration_examples
from .html_report import render_calibration_page, report
from .logit_files import read_logits
from .logit_study import CalibrationFindings, logit_provenance, study_logits
from .mistakes import MistakeStudy, mistakes_table, study_mistakes
from .networks import dense_network
from .own_logits import LabelledLogits, divide_logits, label_logits, log_probabilities
from .params import (
    CalibrationParams,
    CapacityParams,
    DenseParams,
    DensityParams,
    LogitStudyParams,
    RejectionParams,
    SetParams,
    ShiftParams,
)
from .rejection import (
    GuaranteedThreshold,
    RiskAreas,
    RiskCoverage,
    guaranteed_threshold,
    risk_area_intervals,
    risk_areas,
    risk_coverage,
)
from .rejection_study import (
    RejectionRule,
    ScoredSplit,
    rejection_metrics,
    rejection_rule,
    rejection_table,
    scored_split,
    stored_density,
)
from .saving import calibrator_from_record, calibrator_record, load_calibrator, save_calibrator
from .scaling import MatrixScaling, PlattScaling, VectorScaling
from .selection import (
    chosen_calibrator,
    selection_metrics,
    selection_table,
    selection_text,
)
from .served_card import chosen_method, decision_card
from .serving import calibrated_model
from .set_study import cross_calibrated, served_sets, set_metrics, set_tables
from .spline import SplineCalibration
from .structured import StructuredMatrixScaling, StructuredVectorScaling
from .tables import (
    calibrated_metrics,
    calibration_table,
    guo_table,
    model_card,
    temperature_metrics,
)
from .temperature import TemperatureScaling
from .venn_abers import VennAbers

__all__ = [
    "CALIBRATORS",
    "EXPERIMENT_CALIBRATORS",
    "GUO_CALIBRATORS",
    "MODERN_CALIBRATORS",
    "SET_METHODS",
    "AdaptiveSets",
    "BayesianBinning",
    "BetaCalibration",
    "CalibrationFindings",
    "CalibrationParams",
    "Calibrator",
    "CapacityParams",
    "ConformalSets",
    "CoverageLaw",
    "Decisions",
    "DenseParams",
    "DensityModel",
    "DensityParams",
    "DensityScore",
    "DirichletCalibration",
    "EnsembleTemperatureScaling",
    "GuaranteedThreshold",
    "HistogramBinning",
    "IsotonicRegression",
    "LabelledLogits",
    "LeastAmbiguousSets",
    "LogitStudyParams",
    "MatrixScaling",
    "MistakeStudy",
    "PlattScaling",
    "RegularizedAdaptiveSets",
    "RejectionParams",
    "RejectionRule",
    "RiskAreas",
    "RiskCoverage",
    "ScoredSplit",
    "SetParams",
    "ShiftParams",
    "ShiftedImages",
    "SplineCalibration",
    "StructuredMatrixScaling",
    "StructuredVectorScaling",
    "TemperatureScaling",
    "VectorScaling",
    "VennAbers",
    "calibrated_metrics",
    "calibrated_model",
    "calibrated_probabilities",
    "calibration_examples",
    "calibration_table",
    "calibrator_from_record",
    "calibrator_record",
    "capacity_study",
    "chosen_calibrator",
    "chosen_method",
    "confidence_scores",
    "coverage_law",
    "cross_calibrated",
    "decision_card",
    "dense_network",
    "divide_logits",
    "fast_gradient_sign",
    "figures",
    "fit_calibrators",
    "gain_figures",
    "guaranteed_threshold",
    "guo_table",
    "label_logits",
    "load_calibrator",
    "log_probabilities",
    "logit_provenance",
    "mistake_figures",
    "mistakes_table",
    "model_card",
    "out_of_distribution_images",
    "overtrain",
    "read_logits",
    "rejection_figures",
    "rejection_metrics",
    "rejection_rule",
    "rejection_table",
    "render_calibration_page",
    "report",
    "risk_area_intervals",
    "risk_areas",
    "risk_coverage",
    "save_calibrator",
    "scored_split",
    "selection_metrics",
    "selection_table",
    "selection_text",
    "served_sets",
    "set_figures",
    "set_metrics",
    "set_tables",
    "sets_from_record",
    "sets_record",
    "shift_figures",
    "shift_tables",
    "shifted_images",
    "stored_density",
    "study_logits",
    "study_mistakes",
    "temperature_metrics",
]
