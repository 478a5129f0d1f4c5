"""Measures of calibration against netcal and relplot: seconds, ratios, and equal results.

`python benchmarks/calibration.py [rows] [classes]`; the defaults are 1,000,000 and 47. The peers
are no dependencies of this project: install netcal==1.4.0 and relplot==1.0.3 beside it, or run this
with a Python that has them and `PYTHONPATH=src`. A peer that is not installed is left out. Repeats
take turns; medians are printed.
"""

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.special import softmax

from atelier import evaluation
from atelier.types import Array

REPEATS = 3


def sample(rows: int, classes: int) -> tuple[Array, Array, Array]:
    """Returns overconfident logits, their probabilities, and labels drawn at twice their T."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(rows, classes)) * 3
    labels = (softmax(logits / 2, axis=1).cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return logits, softmax(logits, axis=1), labels.clip(max=classes - 1)


def timed(call: Callable[[], float]) -> tuple[float, float]:
    """Returns the seconds of one call, and its value."""
    started = time.perf_counter()
    value = call()
    return time.perf_counter() - started, value


def own_measures(logits: Array, probs: Array, labels: Array) -> dict[str, Callable[[], float]]:
    """Returns this project's measures by name."""
    return {
        "expected": lambda: evaluation.expected_calibration_error(probs, labels),
        "maximum": lambda: evaluation.maximum_calibration_error(probs, labels),
        "adaptive": lambda: evaluation.adaptive_calibration_error(probs, labels),
        "debiased": lambda: evaluation.debiased_calibration_error(probs, labels),
        "smooth": lambda: evaluation.smooth_calibration_error(probs, labels),
        "classwise": lambda: evaluation.classwise_calibration_error(probs, labels),
        "nll": lambda: evaluation.negative_log_likelihood(logits, labels),
        "brier": lambda: evaluation.brier_score(probs, labels),
    }


def peer_measures(probs: Array, labels: Array) -> dict[str, Callable[[], float]]:
    """Returns the measures of the peers that are installed, by the same names."""
    peers: dict[str, Callable[[], float]] = {}
    if importlib.util.find_spec("netcal"):
        from netcal.metrics import ACE, ECE, MCE

        peers["expected"] = lambda: ECE(15).measure(probs, labels)
        peers["maximum"] = lambda: MCE(15).measure(probs, labels)
        peers["adaptive"] = lambda: ACE(15, equal_intervals=False).measure(probs, labels)
    if importlib.util.find_spec("relplot"):
        from relplot import smECE

        confidence, correct = evaluation.top_label(probs, labels)
        peers["smooth"] = lambda: smECE(confidence, correct)
    return peers


def main(rows: int = 1_000_000, classes: int = 47) -> None:
    """Prints a line for each measure: this project's, and the peer's if there is one."""
    logits, probs, labels = sample(rows, classes)
    peers = peer_measures(probs, labels)
    print(f"{rows:,} rows of {classes} classes, medians of {REPEATS}")
    for name, measure in own_measures(logits, probs, labels).items():
        turns = [(timed(measure), timed(peers.get(name, float))) for _ in range(REPEATS)]
        seconds = statistics.median(turn[0][0] for turn in turns)
        line = f"{name:10} {seconds:7.3f} s  {turns[0][0][1]:.10f}"
        if name in peers:
            peer = statistics.median(turn[1][0] for turn in turns)
            line += f"   peer {peer:7.3f} s  {turns[0][1][1]:.10f}   {peer / seconds:5.1f}×"
        print(line)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
