from .base import Calibrator
from .binning import BayesianBinning, HistogramBinning, IsotonicRegression
from .calibrators import CALIBRATORS
from .density import DensityModel
from .params import CalibrationParams, CapacityParams, DenseParams, DensityParams, ShiftParams
from .scaling import MatrixScaling, PlattScaling, VectorScaling
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
    "HistogramBinning",
    "IsotonicRegression",
    "MatrixScaling",
    "PlattScaling",
    "ShiftParams",
    "TemperatureScaling",
    "VectorScaling",
]
