"""Calibrators of netcal and probmetrics, which take probabilities."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

from scipy.special import softmax


def of_netcal(logits: Any, labels: Any, new: Any) -> dict[str, Callable[[], Any]]:
    """Returns the fit and the probabilities of each calibrator of netcal."""
    from netcal.binning import BBQ, HistogramBinning

    def probabilities(calibrator: Any) -> Any:
        return calibrator.fit(softmax(logits, axis=1), labels).transform(softmax(new, axis=1))

    calibrators = {"histogram_binning": HistogramBinning(15), "bbq": BBQ()}
    return {name: partial(probabilities, one) for name, one in calibrators.items()}


def of_probmetrics(logits: Any, labels: Any, new: Any) -> dict[str, Callable[[], Any]]:
    """Returns the fit and the probabilities of each calibrator of probmetrics."""
    from probmetrics import calibrators as theirs

    def probabilities(calibrator: Any) -> Any:
        return calibrator.fit(softmax(logits, axis=1), labels).predict_proba(softmax(new, axis=1))

    calibrators = {
        "isotonic": theirs.get_calibrator("isotonic"),
        "platt": theirs.get_calibrator("platt"),
        "temperature": theirs.TemperatureScalingCalibrator(),
        "vector": theirs.VectorScalingCalibrator(),
        "matrix": theirs.MatrixScalingCalibrator(),
        "ensemble_temperature": theirs.ETSCalibrator(loss="ce"),
        "spline": theirs.MulticlassOneVsRestCalibrator(theirs.CDFSplineCalibrator()),
        "structured_vector": theirs.SVSCalibrator(),
        "structured_matrix": theirs.SMSCalibrator(),
    }
    if find_spec("betacal"):
        beta = theirs.get_calibrator("beta")
        calibrators["beta"] = theirs.MulticlassOneVsRestCalibrator(beta)
    if find_spec("venn_abers"):
        calibrators["venn_abers"] = theirs.get_calibrator("ivap-ovr")
    if find_spec("dirichletcal"):
        calibrators["dirichlet"] = theirs.get_calibrator("dircal")
    return {name: partial(probabilities, one) for name, one in calibrators.items()}


PEERS = {"netcal": of_netcal, "probmetrics": of_probmetrics}
