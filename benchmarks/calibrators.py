"""Calibrators against probmetrics and netcal: seconds of a fit, log loss and Brier score.

`python benchmarks/calibrators.py [rows] [classes] [--peers PYTHON]`; the defaults are 5,000 rows to
fit and 100 classes, as in CalArena; as many rows are the test set. PYTHON is an interpreter that
has probmetrics (with betacal and venn-abers) and netcal, which are no dependencies of this project;
a peer that it lacks is left out. Brier scores of both must agree within `TOLERANCE`; then calls
take turns, and medians are printed. `--only NAME …` leaves other calibrators out. `--tiny`: 200
rows of 4 classes.
"""

import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from peers.process import PeerProcess
from rows import Row, benchmark_parser, write_rows
from scipy.special import softmax

from atelier import evaluation
from atelier.calibration import CALIBRATORS
from atelier.types import Array

SMALLEST = 1e-15
TOLERANCE = 0.002
"""Largest difference of the Brier scores. The log loss is stated but not held to the peer's: it is
that of the few rows whose class got a probability of 0."""
AGREEING = {
    "histogram_binning", "isotonic", "temperature", "vector", "ensemble_temperature", "spline",
    "venn_abers", "structured_vector", "structured_matrix",
}  # fmt: skip
"""The other calibrators are defined otherwise by the peers (Platt scaling, BBQ, beta, Dirichlet) or
have no optimum on separable rows (matrix): they may differ."""


def sample(rows: int, classes: int, seed: int) -> tuple[Array, Array]:
    """Returns logits that are too large, favour some classes and mix two, with their labels."""
    truth = np.random.default_rng(seed).normal(size=(rows, classes)) * 4
    favour = np.linspace(-1, 1, classes)
    drawn = np.random.default_rng(seed + 1).random((rows, 1))
    labels = (softmax(truth, axis=1).cumsum(axis=1) < drawn).sum(axis=1).clip(max=classes - 1)
    logits = truth + favour
    logits[:, 0] += 0.3 * truth[:, 1]
    return 1.7 * logits, labels


def own(name: str, logits: Array, labels: Array, new: Array) -> Callable[[], Array]:
    """Returns the fit and the probabilities of this project's calibrator."""
    return lambda: CALIBRATORS[name]().fit(logits, labels).transform(new)


def quiet(call: Callable[[], Array]) -> Array:
    """Returns the result of a call whose warnings are ignored."""
    with warnings.catch_warnings(action="ignore"):
        return call()


def scores(probs: Array, labels: Array) -> tuple[float, float]:
    """Returns log loss in nats and Brier score."""
    probs = np.maximum(probs, SMALLEST)
    probs = probs / probs.sum(axis=1, keepdims=True)
    loss = evaluation.negative_log_likelihood(np.log(probs), labels)
    return loss, evaluation.brier_score(probs, labels)


def columns(seconds: Sequence[float], loss: float, brier: float) -> str:
    """Returns the median seconds and the scores as text."""
    return f"{statistics.median(seconds):8.3f} s  {loss:8.4f}  {brier:7.4f}"


def compare(
    name: str, peers: PeerProcess, sets: tuple[Array, Array, Array, Array], repeats: int
) -> Row:
    """Prints the line of a calibrator, and returns its row."""
    *arrays, labels = sets
    fit = own(name, *arrays)

    def difference(ours: Array, theirs: Array) -> float:
        return abs(scores(ours, labels)[1] - scores(theirs, labels)[1])

    row, probs, theirs = peers.compare(
        name,
        lambda: quiet(fit),
        repeats=repeats,
        tolerance=TOLERANCE if name in AGREEING else None,
        compared="difference of Brier scores",
        difference=difference,
    )
    loss, brier = scores(probs, labels)
    line = f"{name:21}{columns(row.ours, loss, brier)}"
    numbers = {"log loss": loss, "Brier score": brier}
    if theirs is not None:
        peer_loss, peer_brier = scores(theirs, labels)
        numbers |= {"log loss of the peer": peer_loss, "Brier score of the peer": peer_brier}
        line += f"   {row.peer:18}{columns(row.theirs, peer_loss, peer_brier)} {row.ratio:7.1f}×"
    print(line, flush=True)
    return replace(row, numbers=numbers)


def main() -> None:
    """Prints a line for each calibrator: this project's, and the peer's if there is one."""
    parser = benchmark_parser(__doc__, repeats=3)
    parser.add_argument("rows", nargs="?", type=int, default=5000)
    parser.add_argument("classes", nargs="?", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=CALIBRATORS, default=list(CALIBRATORS))
    options = parser.parse_args()
    rows, classes = (200, 4) if options.tiny else (options.rows, options.classes)
    (logits, labels), (new, new_labels) = sample(rows, classes, 0), sample(rows, classes, 2)
    print(f"{rows:,} rows to fit and to test, {classes} classes, medians of {options.repeats}")
    print(f"{'':21} fit, apply  log loss   Brier")
    started = time.perf_counter()
    uncalibrated = softmax(new, axis=1)
    elapsed = time.perf_counter() - started
    print(f"{'uncalibrated':21}{columns([elapsed], *scores(uncalibrated, new_labels))}")
    sets = logits, labels, new, new_labels
    inputs = {"logits": logits, "labels": labels, "new": new}
    with PeerProcess(options.peers, "calibrators", inputs) as peers:
        measured = [compare(name, peers, sets, options.repeats) for name in options.only]
    write_rows(options.json, measured)


if __name__ == "__main__":
    main()
