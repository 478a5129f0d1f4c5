"""Calibrators against probmetrics and netcal: seconds of a fit, log loss and Brier score.

`python benchmarks/calibrators.py [rows] [classes]`; the defaults are 5,000 rows to fit and 100
classes, as in CalArena; as many rows are the test set. The peers are no dependencies of this
project: install probmetrics[extra]==1.3.0 and netcal==1.4.0 beside it, or run this with a Python
that has them and `PYTHONPATH=src`. A peer that is not installed is left out. Repeats take turns;
medians are printed. `--only NAME …` leaves other calibrators out. `--tiny`: 200 rows of 4 classes.
"""

import argparse
import importlib.util
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import softmax

from atelier import evaluation
from atelier.calibration import CALIBRATORS
from atelier.types import Array

REPEATS = 3
SMALLEST = 1e-15
Fit = Callable[[Array, Array, Array], Array]
"""From logits and labels to fit, and logits of the test set, to probabilities of the latter."""


def sample(rows: int, classes: int, seed: int) -> tuple[Array, Array]:
    """Returns logits that are too large, favour some classes and mix two, with their labels."""
    truth = np.random.default_rng(seed).normal(size=(rows, classes)) * 4
    favour = np.linspace(-1, 1, classes)
    drawn = np.random.default_rng(seed + 1).random((rows, 1))
    labels = (softmax(truth, axis=1).cumsum(axis=1) < drawn).sum(axis=1).clip(max=classes - 1)
    logits = truth + favour
    logits[:, 0] += 0.3 * truth[:, 1]
    return 1.7 * logits, labels


def own(name: str) -> Fit:
    """Returns this project's calibrator of a name."""
    return lambda logits, labels, new: CALIBRATORS[name]().fit(logits, labels).transform(new)


def of_probmetrics(calibrator: Any) -> Fit:
    """Returns a calibrator of probmetrics, which takes probabilities."""

    def probabilities(logits: Array, labels: Array, new: Array) -> Array:
        fitted = calibrator.fit(softmax(logits, axis=1), labels)
        return np.asarray(fitted.predict_proba(softmax(new, axis=1)), np.float64)

    return probabilities


def of_netcal(calibrator: Any) -> Fit:
    """Returns a calibrator of netcal, which takes probabilities."""

    def probabilities(logits: Array, labels: Array, new: Array) -> Array:
        fitted = calibrator.fit(softmax(logits, axis=1), labels)
        return np.asarray(fitted.transform(softmax(new, axis=1)), np.float64)

    return probabilities


def peer_fits() -> dict[str, tuple[str, Fit]]:
    """Returns the calibrators of the peers that are installed, by this project's names."""
    peers: dict[str, tuple[str, Fit]] = {}
    if importlib.util.find_spec("netcal"):
        from netcal.binning import BBQ, HistogramBinning

        peers["histogram_binning"] = "netcal", of_netcal(HistogramBinning(15))
        peers["bbq"] = "netcal", of_netcal(BBQ())
    if importlib.util.find_spec("probmetrics") and importlib.util.find_spec("numba"):
        from probmetrics import calibrators as theirs

        spline = theirs.MulticlassOneVsRestCalibrator(theirs.CDFSplineCalibrator())
        for name, calibrator in {
            "isotonic": theirs.get_calibrator("isotonic"),
            "platt": theirs.get_calibrator("platt"),
            "temperature": theirs.TemperatureScalingCalibrator(),
            "vector": theirs.VectorScalingCalibrator(),
            "matrix": theirs.MatrixScalingCalibrator(),
            "ensemble_temperature": theirs.ETSCalibrator(loss="ce"),
            "spline": spline,
            "structured_vector": theirs.SVSCalibrator(),
            "structured_matrix": theirs.SMSCalibrator(),
        }.items():
            peers[name] = "probmetrics", of_probmetrics(calibrator)
        if importlib.util.find_spec("betacal"):
            one = theirs.MulticlassOneVsRestCalibrator(theirs.get_calibrator("beta"))
            peers["beta"] = "probmetrics", of_probmetrics(one)
        if importlib.util.find_spec("venn_abers"):
            one = theirs.get_calibrator("ivap-ovr")
            peers["venn_abers"] = "probmetrics", of_probmetrics(one)
        if importlib.util.find_spec("dirichletcal"):
            peers["dirichlet"] = "probmetrics", of_probmetrics(theirs.get_calibrator("dircal"))
    return peers


def measured(fit: Fit, sets: tuple[Array, ...]) -> tuple[float, float, float]:
    """Returns the seconds of fit and transform, and the test set's log loss and Brier score."""
    *arrays, labels = sets
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        probs = fit(*arrays)
    seconds = time.perf_counter() - started
    probs = np.maximum(probs, SMALLEST)
    probs /= probs.sum(axis=1, keepdims=True)
    loss = evaluation.negative_log_likelihood(np.log(probs), labels)
    return seconds, loss, evaluation.brier_score(probs, labels)


def columns(turns: list[tuple[float, float, float]]) -> str:
    """Returns the median seconds, and the scores of the last turn."""
    seconds = statistics.median(turn[0] for turn in turns)
    _, loss, brier = turns[-1]
    return f"{seconds:8.3f} s  {loss:8.4f}  {brier:7.4f}"


def main() -> None:
    """Prints a line for each calibrator: this project's, and the peer's if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=5000)
    parser.add_argument("classes", nargs="?", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=CALIBRATORS, default=list(CALIBRATORS))
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--tiny", action="store_true", help="200 rows of 4 classes")
    options = parser.parse_args()
    rows, classes = (200, 4) if options.tiny else (options.rows, options.classes)
    (logits, labels), (new, new_labels) = sample(rows, classes, 0), sample(rows, classes, 2)
    sets = logits, labels, new, new_labels
    print(f"{rows:,} rows to fit and to test, {classes} classes, medians of {options.repeats}")
    print(f"{'':21} fit, apply  log loss   Brier")
    before = measured(lambda _, __, z: softmax(z, axis=1), sets)
    print(f"{'uncalibrated':21}{columns([before])}")
    peers = peer_fits()
    for name in options.only:
        ours, theirs = [], []
        for _ in range(options.repeats):
            ours.append(measured(own(name), sets))
            if name in peers:
                theirs.append(measured(peers[name][1], sets))
        line = f"{name:21}{columns(ours)}"
        if theirs:
            own_seconds, peer_seconds = (
                statistics.median(turn[0] for turn in turns) for turns in (ours, theirs)
            )
            line += f"   {peers[name][0]:11}{columns(theirs)} {peer_seconds / own_seconds:7.1f}×"
        print(line, flush=True)


if __name__ == "__main__":
    main()
