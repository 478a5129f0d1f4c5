"""A small U-Net on the ISBI 2012 membranes by cross-validation, beside the paper's numbers.

`python benchmarks/isbi.py FOLDER [steps]`, FOLDER as `source=mirror` takes it. Five folds of six
sections; the threshold of each fold is the one with the least Rand error on four sections that it
did not learn from. Prints a line a fold and the means over all 30 sections with their intervals.
The paper's numbers are of the challenge's own hidden test sections, so they are no comparison of
the same pictures.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit
from skimage.measure import label as connected

from atelier.cells.comparison import interval_of_mean
from atelier.cells.params import CellSplitParams
from atelier.cells.reading import read_cell_folder, split_cells
from atelier.cells.samples import Sample
from atelier.cells.scores import pixel_scores
from atelier.cells.warping import warping_error
from atelier.cells.watershed import clean_mask
from atelier.segmentation.deformation import DeformationParams
from atelier.segmentation.params import BorderParams, SegmenterParams, UnetParams
from atelier.segmentation.training import log_odds, train_segmenter
from atelier.training.reproducibility import make_reproducible
from atelier.types import Array

PAPER = {"warping_error": 0.000353, "rand_error": 0.0382, "pixel_error": 0.0611}
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
FOLDS, SPECK = 5, 30


class Nowhere(list[dict[str, float]]):
    """A curve and a checkpoint that keep nothing."""

    def restore(self, fingerprint: str) -> None:
        """Nothing is kept."""

    def save(self, fingerprint: str, state: Any) -> None:
        """Nothing is kept."""


def recipe(steps: int) -> SegmenterParams:
    """16 filters, depth 4, padded; the paper's deformation and weights, Adam."""
    return SegmenterParams(
        network=UnetParams(filters=16, depth=4, padding="same", dropout=0.0),
        weights=BorderParams(w0=10.0, sigma=5.0, balance=False, gaps=True),
        deformation=DeformationParams(
            displacement=10, degrees=180, scale=0.1, shift=0, flips=True,
            gain=0.2, offset=0.1, gamma=0.3, noise=0.03,
        ),
        optimizer="adam", learning_rate=0.001, momentum=0.9, clip=1.0, warmup=0.1, batch_size=1,
        patch=256, steps=steps, report_every=steps, seed=0, threads=2,
    )  # fmt: skip


def cells(odds: Array, threshold: float) -> Array:
    """Connected parts above the threshold."""
    found = connected(clean_mask(expit(odds) > threshold, SPECK), connectivity=1)
    return np.asarray(found)


def scores(sample: Sample, odds: Array, threshold: float) -> dict[str, float]:
    """Rand and warping error at the threshold, pixel error at one half."""
    truth, found = sample.labels.astype(np.int64), cells(odds, threshold)
    regions = pixel_scores(truth, found)
    return {
        "rand_error": regions["rand_error"],
        "warping_error": warping_error(truth, found),
        "pixel_error": float(((odds > 0) != (truth > 0)).mean()),
        "split": regions["split"],
        "merge": regions["merge"],
    }


def main(folder: str, steps: int = 600) -> None:
    """Train and judge fold by fold."""
    make_reproducible(0, 2)
    sections, params = read_cell_folder(Path(folder), "isbi2012"), recipe(steps)
    rows = []
    for fold in range(FOLDS):
        started = time.monotonic()
        split = CellSplitParams(validation=4, test=6, fold=fold, seed=0)
        parts = split_cells(sections, split)
        train, validation = (list(parts[part].values()) for part in ("train", "validation"))
        nowhere = Nowhere()
        model, _ = train_segmenter(train, validation, params, curve=nowhere, checkpoint=nowhere)
        asked = [log_odds(model, s.image, params, tile=512, turns=8) for s in validation]
        errors = [
            np.mean(
                [scores(*pair, t)["rand_error"] for pair in zip(validation, asked, strict=True)]
            )
            for t in THRESHOLDS
        ]
        threshold = THRESHOLDS[int(np.argmin(errors))]
        for name, sample in parts["test"].items():
            odds = log_odds(model, sample.image, params, tile=512, turns=8)
            rows.append({"fold": fold, "section": name} | scores(sample, odds, threshold))
        took = time.monotonic() - started
        means = pd.DataFrame(rows[-len(parts["test"]) :]).mean(numeric_only=True).round(5).to_dict()
        print(f"fold {fold}, threshold {threshold}, {took:.0f} s: {means}", flush=True)
    table = pd.DataFrame(rows)
    for name in ("rand_error", "pixel_error", "warping_error", "split", "merge"):
        values = table[name].to_numpy()
        low, high = interval_of_mean(values, seed=0)
        told = f"{name:14} {values.mean():.5f}   95 % {low:.5f} to {high:.5f}   n = {len(values)}"
        print(told + (f"   the paper's {PAPER[name]}" if name in PAPER else ""))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
