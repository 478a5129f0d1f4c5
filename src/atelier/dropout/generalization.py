"""The gap between training and test error, with and without dropout."""

import itertools
from typing import Any

import pandas as pd

from atelier.dropout.networks import Weights, forward
from atelier.dropout.params import GapParams
from atelier.dropout.training import DropoutTrainer
from atelier.evaluation.intervals import with_interval
from atelier.types import Array, Labels


def generalization_gap(
    train: tuple[Array, Labels], test: tuple[Array, Labels], params: GapParams, *, classes: int
) -> tuple[pd.DataFrame, Weights]:
    """Trains networks on more and more images, with and without dropout.

    Args:
        train: Inputs, (n, features) float32 in [0, 1], and labels, (n,).
        test: The same of the test split.
        params: Sizes of the training sets, the network, its training and the seeds.
        classes: Number of classes.

    Returns:
        A row for each network: ``images`` it was trained on, ``dropout``, ``seed``, ``n`` test
        images, ``train_error``, and ``test_error`` with its 95 % interval; and the weights of the
        last network, which was trained on the most images with dropout.
    """
    trainer = DropoutTrainer(
        (train[0].shape[1], params.width, params.width, classes),
        batch_size=params.batch_size,
        learning_rate=params.learning_rate,
    )
    rows, weights = [], []
    for size in dict.fromkeys(min(size, len(train[1])) for size in params.sizes):
        subset = train[0][:size], train[1][:size]
        for seed, drop in itertools.product(params.seeds, (0.0, params.drop)):
            weights = trainer(*subset, drop=drop, steps=params.steps, seed=seed)
            row = {"images": len(subset[1]), "dropout": drop, "seed": seed, "n": len(test[1])}
            rows.append(row | _errors(weights, subset, test))
    return pd.DataFrame(rows), weights


def _errors(
    weights: Weights, train: tuple[Array, Labels], test: tuple[Array, Labels]
) -> dict[str, Any]:
    train_errors, test_errors = (
        int((forward(weights, x).argmax(axis=1) != labels).sum()) for x, labels in (train, test)
    )
    train_error = {"train_error": train_errors / len(train[1])}
    return train_error | with_interval("test_error", test_errors, len(test[1]))


def summarize_gap(table: pd.DataFrame) -> dict[str, float]:
    """Returns gap and test error at the most images, with and without dropout.

    Args:
        table: From :func:`generalization_gap`.

    Returns:
        Means over the seeds: ``gap_without_dropout``, ``gap_with_dropout`` (test error less
        training error), ``error_without_dropout``, ``error_with_dropout`` (test error); and the
        numbers ``images`` (trained on), ``seeds`` and ``n`` (tested on).

    Examples:
        >>> columns = ["images", "dropout", "seed", "n", "train_error", "test_error"]
        >>> rows = [(100, 0.0, 0, 50, 0.0, 0.25), (100, 0.5, 0, 50, 0.125, 0.25)]
        >>> summary = summarize_gap(pd.DataFrame(rows, columns=columns))
        >>> summary["gap_without_dropout"], summary["gap_with_dropout"]
        (0.25, 0.125)
    """
    most = table[table["images"] == table["images"].max()]
    means = {}
    for name, rows in (
        ("without_dropout", most[most["dropout"] == 0]),
        ("with_dropout", most[most["dropout"] > 0]),
    ):
        means[f"gap_{name}"] = float((rows["test_error"] - rows["train_error"]).mean())
        means[f"error_{name}"] = float(rows["test_error"].mean())
    return means | {
        "images": float(most["images"].max()),
        "seeds": float(most["seed"].nunique()),
        "n": float(most["n"].max()),
    }
