"""A small U-Net on the ISBI 2012 membranes by cross-validation, beside the published numbers.

`python benchmarks/isbi.py FOLDER [steps] [--tiny]`, FOLDER as `source=mirror` takes it. Five folds
of six sections; each fold's threshold is the one with the least Rand error on four validation
sections. Prints a line for each fold and the means over all 30 sections with their intervals. The
published numbers (Ronneberger et al. 2015) are of the challenge's hidden test sections, so they do
not compare the same images. `--tiny` trains a small network on one fold of three sections, to
check that all of it works.
"""

import argparse
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit
from skimage.measure import label as connected

from atelier import cells, segmentation
from atelier.cells.comparison import interval_of_mean
from atelier.cells.watershed import clean_mask
from atelier.training.reproducibility import make_reproducible
from atelier.types import Array

PUBLISHED = {"warping_error": 0.000353, "rand_error": 0.0382, "pixel_error": 0.0611}
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
MIN_SIZE = 30


class Sizes(NamedTuple):
    """Sizes of the cross-validation and of the network."""

    folds: int
    validation: int
    test: int
    filters: int
    depth: int
    patch: int
    tile: int
    turns: int


FULL = Sizes(folds=5, validation=4, test=6, filters=16, depth=4, patch=256, tile=512, turns=8)
TINY = Sizes(folds=1, validation=1, test=1, filters=2, depth=1, patch=32, tile=32, turns=1)


class NoSink(list[dict[str, float]]):
    """A curve and a checkpoint that store nothing to disk."""

    def restore(self, fingerprint: str) -> None:
        """Returns no state."""

    def save(self, fingerprint: str, state: Any) -> None:
        """Discards the state."""


def segmenter_params(sizes: Sizes, steps: int) -> segmentation.SegmenterParams:
    """Returns the published deformation and weights for a padded network and Adam."""
    return segmentation.SegmenterParams(
        network=segmentation.UnetParams(
            filters=sizes.filters, depth=sizes.depth, padding="same", dropout=0.0
        ),
        weights=segmentation.BorderParams(w0=10.0, sigma=5.0, balance=False, gaps=True),
        deformation=segmentation.DeformationParams(
            displacement=10, degrees=180, scale=0.1, shift=0, flips=True,
            gain=0.2, offset=0.1, gamma=0.3, noise=0.03,
        ),
        optimizer="adam", learning_rate=0.001, momentum=0.9, clip=1.0, warmup=0.1, batch_size=1,
        patch=sizes.patch, steps=steps, report_every=steps, seed=0, threads=2,
    )  # fmt: skip


def connected_regions(log_odds: Array, threshold: float) -> Array:
    """Returns the connected parts above the threshold as instance labels."""
    mask = clean_mask(expit(log_odds) > threshold, MIN_SIZE)
    return np.asarray(connected(mask, connectivity=1))


def section_scores(sample: cells.Sample, log_odds: Array, threshold: float) -> dict[str, float]:
    """Computes Rand and warping error at the threshold, and pixel error at one half."""
    truth, predicted = sample.labels.astype(np.int64), connected_regions(log_odds, threshold)
    regions = cells.scores.pixel_scores(truth, predicted)
    return {
        "rand_error": regions["rand_error"],
        "warping_error": cells.warping_error(truth, predicted),
        "pixel_error": float(((log_odds > 0) != (truth > 0)).mean()),
        "split": regions["split"],
        "merge": regions["merge"],
    }


def score_fold(
    sections: dict[str, cells.Sample], fold: int, sizes: Sizes, steps: int
) -> list[dict[str, Any]]:
    """Trains on a fold, chooses its threshold, and scores its test sections."""
    started = time.monotonic()
    params = segmenter_params(sizes, steps)
    split = cells.CellSplitParams(validation=sizes.validation, test=sizes.test, fold=fold, seed=0)
    parts = cells.split_cells(sections, split)
    train, validation = (list(parts[part].values()) for part in ("train", "validation"))
    sink = NoSink()
    model, _ = segmentation.train_segmenter(train, validation, params, curve=sink, checkpoint=sink)

    def predict(sample: cells.Sample) -> Array:
        return segmentation.pixel_log_odds(
            model, sample.image, params, tile=sizes.tile, turns=sizes.turns
        )

    predictions = [(sample, predict(sample)) for sample in validation]
    errors = [
        np.mean([section_scores(*pair, threshold)["rand_error"] for pair in predictions])
        for threshold in THRESHOLDS
    ]
    threshold = THRESHOLDS[int(np.argmin(errors))]
    rows: list[dict[str, Any]] = [
        {"fold": fold, "section": name} | section_scores(sample, predict(sample), threshold)
        for name, sample in parts["test"].items()
    ]
    means = pd.DataFrame(rows).mean(numeric_only=True).round(5).to_dict()
    elapsed = time.monotonic() - started
    print(f"fold {fold}, threshold {threshold}, {elapsed:.0f} s: {means}", flush=True)
    return rows


def main() -> None:
    """Trains and scores fold by fold, then prints means with their intervals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("steps", type=int, nargs="?", default=600)
    parser.add_argument("--tiny", action="store_true", help="one fold of three sections")
    options = parser.parse_args()
    make_reproducible(0, 2)
    sizes = TINY if options.tiny else FULL
    sections = cells.read_cell_folder(options.folder, "isbi2012")
    table = pd.DataFrame(
        [
            row
            for fold in range(sizes.folds)
            for row in score_fold(sections, fold, sizes, options.steps)
        ]
    )
    for name in ("rand_error", "pixel_error", "warping_error", "split", "merge"):
        values = table[name].to_numpy()
        low, high = interval_of_mean(values, seed=0)
        line = f"{name:14} {values.mean():.5f}   95 % {low:.5f} to {high:.5f}   n = {len(values)}"
        print(line + (f"   published {PUBLISHED[name]}" if name in PUBLISHED else ""))


if __name__ == "__main__":
    main()
