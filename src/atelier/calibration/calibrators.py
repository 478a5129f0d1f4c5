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
"""The seven calibrators of Guo et al. 2017 by their short names, in the order of table 1 there."""

__all__ = ["CALIBRATORS", "Calibrator"]
