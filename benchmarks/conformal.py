"""Prediction sets against MAPIE: seconds of fit and sets, ratios, and equal sets.

`python benchmarks/conformal.py [rows] [classes]`; the defaults are 100,000 and 47: as many rows set
the thresholds as get sets. MAPIE is no dependency of this project: install mapie==1.6.0 beside it,
or run this with a Python that has it and `PYTHONPATH=src`; without it only this project's seconds
are printed. Repeats take turns; medians are printed. `--tiny`: 1,000 rows of 5 classes.
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import softmax

from atelier.calibration.conformal import (
    AdaptiveSets,
    ConformalSets,
    LeastAmbiguousSets,
    RegularizedAdaptiveSets,
)
from atelier.types import Array

REPEATS = 3
LEVEL = 0.9
OWN: dict[str, Callable[[], ConformalSets]] = {
    "lac": lambda: LeastAmbiguousSets(level=LEVEL),
    "aps": lambda: AdaptiveSets(level=LEVEL, randomized=True),
    "raps": lambda: RegularizedAdaptiveSets(level=LEVEL, randomized=True),
}
"""APS is randomised on both sides, as its paper has it. MAPIE chooses RAPS' penalty on a fifth of
the rows, this project is given it: their sets differ."""


def sample(rows: int, classes: int) -> tuple[Array, Array]:
    """Returns probabilities, and labels drawn from them."""
    rng = np.random.default_rng(0)
    probs = softmax(rng.normal(size=(rows, classes)) * 3, axis=1)
    labels = (probs.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return probs, labels.clip(max=classes - 1)


def own_sets(name: str, held_out: tuple[Array, Array], new: Array) -> Array:
    """Returns the sets of this project."""
    return OWN[name]().fit(*held_out).sets(new)


def peer_sets(name: str, held_out: tuple[Array, Array], new: Array) -> Array:
    """Returns the sets of MAPIE."""
    from mapie.classification import SplitConformalClassifier

    classifier = SplitConformalClassifier(
        estimator(held_out[0].shape[1]),
        confidence_level=LEVEL,
        conformity_score=name,
        prefit=True,
        random_state=0,
    )
    classifier.conformalize(*held_out)
    options: dict[str, Any] = {}
    if name != "lac":
        options = {"conformity_score_params": {"include_last_label": "randomized"}}
    return np.asarray(classifier.predict_set(new, **options)[1][:, :, 0])


def estimator(classes: int) -> Any:
    """Returns a classifier whose input are its probabilities."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        classes_ = np.arange(classes)

        def fit(self, probs: Array, _labels: Array) -> Any:
            return self

        def predict_proba(self, probs: Array) -> Array:
            return probs

        def predict(self, probs: Array) -> Array:
            return np.asarray(probs.argmax(axis=1))

        def __sklearn_is_fitted__(self) -> bool:
            return True

    return Given()


def timed(call: Callable[..., Array], *arguments: Any) -> tuple[float, Array]:
    """Returns the seconds of one call, and the sets."""
    started = time.perf_counter()
    sets = call(*arguments)
    return time.perf_counter() - started, sets


def main() -> None:
    """Prints a line for each method: this project's seconds, and MAPIE's if it is installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=100_000)
    parser.add_argument("classes", nargs="?", type=int, default=47)
    parser.add_argument("--tiny", action="store_true", help="1,000 rows of 5 classes")
    options = parser.parse_args()
    rows, classes = (1000, 5) if options.tiny else (options.rows, options.classes)
    probs, labels = sample(2 * rows, classes)
    held_out, new = (probs[:rows], labels[:rows]), probs[rows:]
    has_peer = importlib.util.find_spec("mapie") is not None
    print(f"{rows:,} held-out and {rows:,} new rows of {classes} classes, medians of {REPEATS}")
    for name in OWN:
        turns, peers = [], []
        for _ in range(REPEATS):
            turns.append(timed(own_sets, name, held_out, new))
            if has_peer:
                peers.append(timed(peer_sets, name, held_out, new))
        seconds = statistics.median(turn[0] for turn in turns)
        covered = turns[0][1][np.arange(rows), labels[rows:]].mean()
        size = turns[0][1].sum(axis=1).mean()
        line = f"{name:5} {seconds:7.3f} s  coverage {covered:.4f}  size {size:.3f}"
        if peers:
            peer = statistics.median(turn[0] for turn in peers)
            equal = (peers[0][1] == turns[0][1]).mean()
            line += f"   MAPIE {peer:7.3f} s  {peer / seconds:5.1f}×  equal {equal:.4%}"
        print(line)


if __name__ == "__main__":
    main()
