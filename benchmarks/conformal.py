"""Prediction sets against MAPIE: seconds of fit and sets, ratios, and equal sets.

`python benchmarks/conformal.py [rows] [classes] [--peers PYTHON]`; the defaults are 100,000 and 47:
as many rows set the thresholds as get sets. PYTHON is an interpreter that has MAPIE, which is no
dependency of this project; without it only this project's seconds are printed. LAC's sets must
be MAPIE's; then calls take turns, and medians are printed. `--tiny`: 1,000 rows of 5 classes.
"""

import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from peers.process import PeerProcess
from rows import benchmark_parser, write_rows
from scipy.special import softmax

from atelier.calibration.conformal import (
    AdaptiveSets,
    ConformalSets,
    LeastAmbiguousSets,
    RegularizedAdaptiveSets,
)
from atelier.types import Array

LEVEL = 0.9
TOLERANCES = {"lac": 1e-5}
"""Largest shares of classes that are in only one of both sets."""
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


def share_of_other_entries(ours: Array, theirs: Array) -> float:
    """Returns the share of pairs of a row and a class that are in only one of both sets."""
    return float((ours != theirs).mean())


def main() -> None:
    """Prints a line for each method: this project's seconds, and MAPIE's if it is installed."""
    parser = benchmark_parser(__doc__, repeats=3)
    parser.add_argument("rows", nargs="?", type=int, default=100_000)
    parser.add_argument("classes", nargs="?", type=int, default=47)
    options = parser.parse_args()
    rows, classes = (1000, 5) if options.tiny else (options.rows, options.classes)
    probs, labels = sample(2 * rows, classes)
    held_out, new = (probs[:rows], labels[:rows]), probs[rows:]
    print(
        f"{rows:,} held-out and {rows:,} new rows of {classes} classes, "
        f"medians of {options.repeats}"
    )
    inputs = {"probs": held_out[0], "labels": held_out[1], "new": new, "level": LEVEL}
    measured = []
    with PeerProcess(options.peers, "conformal", inputs) as peers:
        for name in OWN:
            row, sets, theirs = peers.compare(
                name,
                partial(own_sets, name, held_out, new),
                repeats=options.repeats,
                tolerance=TOLERANCES.get(name),
                compared="share of other entries",
                difference=share_of_other_entries,
            )
            covered = float(sets[np.arange(rows), labels[rows:]].mean())
            size = float(sets.sum(axis=1).mean())
            line = f"{name:5} {row.seconds:7.3f} s  coverage {covered:.4f}  size {size:.3f}"
            if theirs is not None:
                seconds, equal = statistics.median(row.theirs), (sets == theirs).mean()
                line += f"   {row.peer} {seconds:7.3f} s  {row.ratio:5.1f}×  equal {equal:.4%}"
            print(line, flush=True)
            measured.append(replace(row, numbers={"coverage": covered, "size": size}))
    write_rows(options.json, measured)


if __name__ == "__main__":
    main()
