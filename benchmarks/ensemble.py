"""Test accuracy of trainings with several seeds, and of their averaged prediction.

`python benchmarks/ensemble.py FILE…`, where each FILE is the `logits.npz` that the pipeline train
left for one seed. Every row is an accuracy with its 95 % interval: of each training, their mean,
and the prediction with the largest mean probability (Lakshminarayanan, Pritzel & Blundell 2017,
section 2.4). Where the trainings judged four moved copies of each image, the same rows follow for
those. The interval of the mean is a bootstrap over the test images; the seeds are held fixed.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.special import softmax

from atelier.datasets.npz import read_npz
from atelier.evaluation import interval_text, with_bootstrap_interval, with_interval
from atelier.types import Array

PREDICTIONS = {"test_logits": "images", "test_shifted_logits": "four moved copies"}
"""Titles by the names of logits."""


def read_trainings(paths: list[Path]) -> list[dict[str, Array]]:
    """Reads the logits of each training, all of them on the same test images.

    Raises:
        ValueError: If the trainings have other test labels.
    """
    trainings = [read_npz(path) for path in paths]
    for path, training in zip(paths, trainings, strict=True):
        if not np.array_equal(training["test_labels"], trainings[0]["test_labels"]):
            raise ValueError(f"Expected the test labels of {paths[0]}. Received: others in {path}")
    return trainings


def print_rows(title: str, paths: list[Path], logits: list[Array], labels: Array) -> None:
    """Prints accuracies of some networks' logits, each (n, classes)."""
    right = np.array([rows.argmax(axis=1) == labels for rows in logits])  # (networks, n)
    averaged = np.mean([softmax(rows, axis=1) for rows in logits], axis=0).argmax(axis=1) == labels
    mean = with_bootstrap_interval("accuracy", np.mean, right.mean(axis=0), seed=0, bounds=(0, 1))
    rows = {str(path): _accuracy(hits) for path, hits in zip(paths, right, strict=True)}
    rows |= {f"mean of {len(paths)}": mean, f"average of {len(paths)}": _accuracy(averaged)}
    print(title)
    for name, columns in rows.items():
        print(f"  {name}: {interval_text(columns | {'n': len(labels)}, 'accuracy')}")


def _accuracy(hits: Array) -> dict[str, float]:
    return with_interval("accuracy", int(hits.sum()), len(hits))


def main() -> None:
    """Prints the rows of every kind of prediction that all trainings have."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="logits.npz of each training")
    paths = parser.parse_args().files
    trainings = read_trainings(paths)
    for name, title in PREDICTIONS.items():
        if all(name in training for training in trainings):
            logits = [training[name] for training in trainings]
            print_rows(title, paths, logits, trainings[0]["test_labels"])


if __name__ == "__main__":
    main()
