from . import figures as figures
from . import shift_figures as shift_figures
from .adversarial import fast_gradient_sign
from .base import Calibrator
from .binning import BayesianBinning, HistogramBinning, IsotonicRegression
from .calibrators import CALIBRATORS, calibrated_probabilities, fit_calibrators
from .capacity import capacity_study, overtrain
from .confidence import confidence_scores
from .density import DensityModel, DensityScore
from .distribution_shift import (
    ShiftedImages,
    out_of_distribution_images,
    shift_tables,
    shifted_images,
)
from .examples import calibration_examples
from .networks import dense_network
from .params import CalibrationParams, CapacityParams, DenseParams, DensityParams, ShiftParams
from .scaling import MatrixScaling, PlattScaling, VectorScaling
from .serving import calibrated_model
from .tables import (
    calibrated_metrics,
    calibration_table,
    guo_table,
    model_card,
    temperature_metrics,
)
from .temperature import TemperatureScaling

__all__ = [
    "CALIBRATORS",
    "BayesianBinning",
    "CalibrationParams",
    "Calibrator",
    "CapacityParams",
    "DenseParams",
    "DensityModel",
    "DensityParams",
    "DensityScore",
    "HistogramBinning",
    "IsotonicRegression",
    "MatrixScaling",
    "PlattScaling",
    "ShiftParams",
    "ShiftedImages",
    "TemperatureScaling",
    "VectorScaling",
    "calibrated_metrics",
    "calibrated_model",
    "calibrated_probabilities",
    "calibration_examples",
    "calibration_table",
    "capacity_study",
    "confidence_scores",
    "dense_network",
    "fast_gradient_sign",
    "figures",
    "fit_calibrators",
    "guo_table",
    "model_card",
    "out_of_distribution_images",
    "overtrain",
    "shift_figures",
    "shift_tables",
    "shifted_images",
    "temperature_metrics",
]
