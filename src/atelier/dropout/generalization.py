"""Dropout (Srivastava et al. 2014): what it computes, what it is for, how sure it is."""

import itertools

import pandas as pd

from atelier.dropout.networks import DropoutTrainer, Weights, forward
from atelier.dropout.params import GapParams
from atelier.evaluation.intervals import wilson_interval
from atelier.types import Array, Labels


def generalization_gap(
    train: tuple[Array, Labels], test: tuple[Array, Labels], params: GapParams, *, classes: int
) -> tuple[pd.DataFrame, Weights]:
    """Training and test error over a growing training set, with and without dropout: a row for
    each network; and the weights of the last one, trained on the most images with dropout.
    """
    trainer = DropoutTrainer(
        (train[0].shape[1], params.width, params.width, classes),
        batch_size=params.batch_size,
        learning_rate=params.learning_rate,
    )
    rows, weights = [], []
    for size in params.sizes:
        some = train[0][:size], train[1][:size]
        for seed, drop in itertools.product(params.seeds, (0.0, params.drop)):
            weights = trainer(*some, drop=drop, steps=params.steps, seed=seed)
            wrong, missed = (
                int((forward(weights, x).argmax(axis=1) != labels).sum())
                for x, labels in (some, test)
            )
            n, seen = len(test[1]), len(some[1])
            low, high = wilson_interval(missed, n)
            row = {"images": seen, "dropout": drop, "seed": seed, "n": n}
            errors = {"train_error": wrong / seen, "test_error": missed / n}
            rows.append(row | errors | {"test_low": low, "test_high": high})
    return pd.DataFrame(rows), weights


def summarize_gap(table: pd.DataFrame) -> dict[str, float]:
    """What :func:`generalization_gap` found at the most images, means over the seeds:
    ``gap_without_dropout``, ``gap_with_dropout`` (test less training error),
    ``error_without_dropout``, ``error_with_dropout`` (of the test);
    ``images`` trained on, ``seeds``, ``n`` tested on.
    """
    most = table[table["images"] == table["images"].max()]
    arms = {"without": most[most["dropout"] == 0], "with": most[most["dropout"] > 0]}
    found = {
        f"{name}_{measure}": float(values.mean())
        for name, arm in arms.items()
        for measure, values in {
            "gap": arm["test_error"] - arm["train_error"],
            "error": arm["test_error"],
        }.items()
    }
    counts = {"images": most["images"].max(), "seeds": most["seed"].nunique(), "n": most["n"].max()}
    return found | {name: float(count) for name, count in counts.items()}
