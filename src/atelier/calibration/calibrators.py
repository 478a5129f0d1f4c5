"""All calibrators by their names."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import softmax

from atelier.calibration.base import Calibrator
from atelier.calibration.beta import BetaCalibration
from atelier.calibration.binning import BayesianBinning, HistogramBinning, IsotonicRegression
from atelier.calibration.dirichlet import DirichletCalibration
from atelier.calibration.ensemble import EnsembleTemperatureScaling
from atelier.calibration.scaling import MatrixScaling, PlattScaling, VectorScaling
from atelier.calibration.spline import SplineCalibration
from atelier.calibration.structured import StructuredMatrixScaling, StructuredVectorScaling
from atelier.calibration.temperature import TemperatureScaling
from atelier.calibration.venn_abers import VennAbers
from atelier.plugins import load_plugins
from atelier.types import Array, Labels

GUO_CALIBRATORS: dict[str, type[Calibrator]] = {
    "histogram_binning": HistogramBinning,
    "isotonic": IsotonicRegression,
    "bbq": BayesianBinning,
    "platt": PlattScaling,
    "temperature": TemperatureScaling,
    "vector": VectorScaling,
    "matrix": MatrixScaling,
}
"""The seven calibrators of Guo et al. 2017 by their short names, in the order of table 1 there."""
MODERN_CALIBRATORS: dict[str, type[Calibrator]] = {
    "beta": BetaCalibration,
    "dirichlet": DirichletCalibration,
    "ensemble_temperature": EnsembleTemperatureScaling,
    "spline": SplineCalibration,
    "venn_abers": VennAbers,
    "structured_vector": StructuredVectorScaling,
    "structured_matrix": StructuredMatrixScaling,
}
"""Calibrators of other papers by their short names."""


def _is_calibrator(plugin: object) -> bool:
    return isinstance(plugin, type) and issubclass(plugin, Calibrator)


PLUGIN_CALIBRATORS: dict[str, type[Calibrator]] = load_plugins(
    "atelier.calibrators",
    accepts=_is_calibrator,
    expected="a subclass of atelier.calibration.base.Calibrator",
    taken=GUO_CALIBRATORS | MODERN_CALIBRATORS,
)
"""Calibrators that other packages register under the group ``atelier.calibrators``."""
CALIBRATORS = GUO_CALIBRATORS | MODERN_CALIBRATORS | PLUGIN_CALIBRATORS
"""All calibrators by their names: those of Guo et al. 2017, of other papers, of other packages."""
EXPERIMENT_CALIBRATORS = GUO_CALIBRATORS | PLUGIN_CALIBRATORS
"""The columns of the table of networks × calibrators, as table 1 of Guo et al. 2017."""


def fit_calibrators(
    logits: Array, labels: Labels, names: Sequence[str] | None = None
) -> dict[str, Calibrator]:
    """Fits calibrators of CALIBRATORS.

    Args:
        logits: Held-out logits, (n, classes).
        labels: (n,), integers in [0, classes).
        names: Which calibrators; by default all.

    Returns:
        The fitted calibrators by name.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> list(fit_calibrators(logits, labels, ["temperature", "structured_matrix"]))
        ['temperature', 'structured_matrix']
    """
    chosen = CALIBRATORS if names is None else names
    return {name: CALIBRATORS[name]().fit(logits, labels) for name in chosen}


def calibrated_probabilities(
    calibrators: Mapping[str, Calibrator], logits: Array
) -> dict[str, Array]:
    """Returns the softmax of the logits, named ``uncalibrated``, and each calibrator's output.

    Args:
        calibrators: Fitted calibrators by name.
        logits: (n, classes).

    Examples:
        >>> import numpy as np
        >>> probs = calibrated_probabilities({}, np.zeros((1, 2)))
        >>> probs["uncalibrated"].tolist()
        [[0.5, 0.5]]
    """
    probs = {"uncalibrated": softmax(logits.astype(np.float64), axis=1)}
    return probs | {name: fitted.transform(logits) for name, fitted in calibrators.items()}
