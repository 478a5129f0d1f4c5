"""Measures of calibration against netcal and relplot: seconds, ratios, and equal results.

`python benchmarks/calibration.py [rows] [classes] [--peers PYTHON]`; the defaults are 1,000,000 and
47. PYTHON is an interpreter that has netcal and relplot, which are no dependencies of this project;
a peer that it lacks is left out. Results must agree within `tolerances`; then calls take turns, and
medians are printed. `--tiny`: 1,000 rows of 5 classes.
"""

import statistics
from collections.abc import Callable

import numpy as np
from peers.process import PeerProcess
from rows import benchmark_parser, write_rows
from scipy.special import softmax

from atelier import evaluation
from atelier.types import Array


def tolerances(rows: int) -> dict[str, float]:
    """Returns largest differences to the peers; a bin of equal mass may have another row."""
    return {"expected": 1e-9, "maximum": 1e-9, "adaptive": 1 / rows, "smooth": 1e-8}


def sample(rows: int, classes: int) -> tuple[Array, Array, Array]:
    """Returns overconfident logits, their probabilities, and labels drawn at twice their T."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(rows, classes)) * 3
    labels = (softmax(logits / 2, axis=1).cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return logits, softmax(logits, axis=1), labels.clip(max=classes - 1)


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


def main() -> None:
    """Prints a line for each measure: this project's, and the peer's if there is one."""
    parser = benchmark_parser(__doc__, repeats=3)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("classes", nargs="?", type=int, default=47)
    options = parser.parse_args()
    rows, classes = (1000, 5) if options.tiny else (options.rows, options.classes)
    logits, probs, labels = sample(rows, classes)
    print(f"{rows:,} rows of {classes} classes, medians of {options.repeats}")
    measured = []
    with PeerProcess(options.peers, "calibration", {"probs": probs, "labels": labels}) as peers:
        for name, measure in own_measures(logits, probs, labels).items():
            row, value, other = peers.compare(
                name, measure, repeats=options.repeats, tolerance=tolerances(rows).get(name)
            )
            line = f"{name:10} {row.seconds:7.3f} s  {value:.10f}"
            if other is not None:
                theirs = statistics.median(row.theirs)
                line += f"   {row.peer} {theirs:7.3f} s  {float(other):.10f}   {row.ratio:5.1f}×"
            print(line, flush=True)
            measured.append(row)
    write_rows(options.json, measured)


if __name__ == "__main__":
    main()
