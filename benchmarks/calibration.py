"""Measures of calibration against netcal and relplot: seconds, ratios, and equal results.

`python benchmarks/calibration.py [rows] [classes]`, 1,000,000 and 47 by default. The peers
are no dependencies of this project: install netcal==1.4.0 and relplot==1.0.3 beside it, or run
this with a Python that has them and `PYTHONPATH=src`. Repeats take turns; medians are printed.
`--tiny`: 1,000 rows of 5 classes.
"""

import argparse
import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import softmax

from atelier.evaluation import calibration_error as metrics
from atelier.types import Array

REPEATS = 3


def sample(rows: int, classes: int) -> tuple[Array, Array, Array]:
    """Overconfident logits, their probabilities, and labels drawn from milder ones."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(rows, classes)) * 3
    drawn = (softmax(logits / 2, axis=1).cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return logits, softmax(logits, axis=1), drawn.clip(max=classes - 1)


def seconds(call: Callable[[], float]) -> tuple[float, float]:
    """How long one call takes, and what it gives."""
    started = time.perf_counter()
    value = call()
    return time.perf_counter() - started, value


def installed(name: str) -> Any:
    """Returns a module, or None with a message where it is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        print(f"{name} is not installed: its rows have no peer")
        return None


def main() -> None:
    """Print a line for each measure: ours, and the peer's where there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("classes", nargs="?", type=int, default=47)
    parser.add_argument("--tiny", action="store_true", help="1,000 rows of 5 classes")
    options = parser.parse_args()
    rows, classes = (1000, 5) if options.tiny else (options.rows, options.classes)
    netcal, relplot = installed("netcal.metrics"), installed("relplot")
    logits, probs, labels = sample(rows, classes)
    confidence, correct = metrics.top_label(probs, labels)
    ours: dict[str, Callable[[], float]] = {
        "expected": lambda: metrics.expected_calibration_error(probs, labels),
        "maximum": lambda: metrics.maximum_calibration_error(probs, labels),
        "adaptive": lambda: metrics.adaptive_calibration_error(probs, labels),
        "debiased": lambda: metrics.debiased_calibration_error(probs, labels),
        "smooth": lambda: metrics.smooth_calibration_error(probs, labels),
        "classwise": lambda: metrics.classwise_calibration_error(probs, labels),
        "nll": lambda: metrics.negative_log_likelihood(logits, labels),
        "brier": lambda: metrics.brier_score(probs, labels),
    }
    peers: dict[str, Callable[[], float]] = {}
    if netcal:
        peers |= {
            "expected": lambda: netcal.ECE(15).measure(probs, labels),
            "maximum": lambda: netcal.MCE(15).measure(probs, labels),
            "adaptive": lambda: netcal.ACE(15, equal_intervals=False).measure(probs, labels),
        }
    if relplot:
        peers["smooth"] = lambda: relplot.smECE(confidence, correct)
    print(f"{rows:,} rows of {classes} classes, medians of {REPEATS}")
    for name, measure in ours.items():
        turns = [(seconds(measure), seconds(peers.get(name, float))) for _ in range(REPEATS)]
        mine = statistics.median(turn[0][0] for turn in turns)
        line = f"{name:10} {mine:7.3f} s  {turns[0][0][1]:.10f}"
        if name in peers:
            theirs = statistics.median(turn[1][0] for turn in turns)
            line += f"   peer {theirs:7.3f} s  {turns[0][1][1]:.10f}   {theirs / mine:5.1f}×"
        print(line)


if __name__ == "__main__":
    main()
