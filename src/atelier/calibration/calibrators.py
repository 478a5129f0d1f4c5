"""The calibrators by their names."""

from atelier.calibration.base import Calibrator
from atelier.calibration.binning import BayesianBinning, HistogramBinning, IsotonicRegression
from atelier.calibration.scaling import (
    MatrixScaling,
    PlattScaling,
    TemperatureScaling,
    VectorScaling,
)

CALIBRATORS: dict[str, type[Calibrator]] = {
    "histogram_binning": HistogramBinning,
    "isotonic": IsotonicRegression,
    "bbq": BayesianBinning,
    "platt": PlattScaling,
    "temperature": TemperatureScaling,
    "vector": VectorScaling,
    "matrix": MatrixScaling,
}
"""Guo's seven, in the order of his table."""

__all__ = ["CALIBRATORS", "Calibrator"]
