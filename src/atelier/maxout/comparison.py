"""Maxout compared with rectified units, and how often each piece of a maxout unit is largest."""

import itertools

import keras
import numpy as np
import pandas as pd
from tqdm import tqdm

from atelier.evaluation.intervals import wilson_interval
from atelier.maxout.networks import Maxout, dense_maxout, rectified_width
from atelier.maxout.params import MaxoutParams
from atelier.training.batches import to_unit
from atelier.training.fitting import fit_all_epochs
from atelier.training.prediction import predict_unit_logits
from atelier.types import Array, Arrays, Images, Metrics

BLOCK = 2000
"""Images that a network is applied to at once."""


def compare_with_relu(
    train: Arrays, test: Arrays, params: MaxoutParams, *, classes: int
) -> tuple[pd.DataFrame, keras.Model]:
    """Trains maxout and ReLU networks of equally many parameters, with and without dropout.

    Args:
        train: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        test: Likewise.
        params: Sizes, recipe and seeds.
        classes: Number of classes.

    Returns:
        A row for each network (``network``, ``dropout``, ``seed``, ``parameters`` and what
        `error_rates` returns), and the last maxout network with dropout.
    """
    shape = train["images"].shape[1:]
    maxout = dense_maxout(classes, shape=shape, units=params.units, pieces=params.pieces)
    width = rectified_width(maxout, shape=shape, classes=classes)
    sizes = {"ReLU": (width, 1), "maxout": (params.units, params.pieces)}
    arms = list(itertools.product(params.seeds, (0.0, params.drop), sizes))
    rows = []
    for seed, drop, network in tqdm(
        arms, desc="networks", unit="network", leave=False, disable=None
    ):
        units, pieces = sizes[network]
        model = dense_maxout(
            classes, shape=shape, units=units, pieces=pieces, hidden_drop=drop, seed=seed
        )
        fit_all_epochs(model, train, params.training.model_copy(update={"seed": seed}))
        row = {"network": network, "dropout": drop, "seed": seed}
        row["parameters"] = model.count_params()
        rows.append(row | error_rates(*(find_mistakes(model, split) for split in (test, train))))
    return pd.DataFrame(rows), model


def find_mistakes(model: keras.Model, split: Arrays) -> Array:
    """Returns which images a network classifies wrongly, (n,) bool.

    Args:
        model: Takes images in [0, 1], returns logits.
        split: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
    """
    return np.asarray(_logits(model, split["images"]).argmax(axis=1) != split["labels"])


def error_rates(mistakes: Array, train_mistakes: Array) -> Metrics:
    """Computes the error on the test split, with Wilson's 95 % interval, and on training.

    Args:
        mistakes: Which test images are classified wrongly, (n,) bool.
        train_mistakes: Which training images are, (m,) bool.

    Returns:
        ``mistakes``, ``error``, ``error_low``, ``error_high``, ``n`` and ``train_error``; errors
        are shares in [0, 1].
    """
    count, n = int(mistakes.sum()), len(mistakes)
    low, high = wilson_interval(count, n)
    errors = {"error": count / n, "error_low": low, "error_high": high}
    return {"mistakes": count} | errors | {"n": n, "train_error": float(train_mistakes.mean())}


def _logits(model: keras.Model, images: Images) -> Array:
    """Without a graph, which costs each of many small networks more than it saves."""
    blocks = (to_unit(images[start : start + BLOCK]) for start in range(0, len(images), BLOCK))
    return np.concatenate([np.asarray(model(block, training=False)) for block in blocks])


def piece_shares(model: keras.Model, images: Images) -> Array:
    """Returns how often each piece of each unit of the first maxout layer is the largest.

    Args:
        model: With a `Maxout` layer; takes images in [0, 1].
        images: (n, height, width, channels) uint8.

    Returns:
        Shares of the images, (units, pieces); each row sums to 1, its largest share first.
    """
    maxout = next(layer for layer in model.layers if isinstance(layer, Maxout))
    features = keras.Model(model.input, maxout.input)
    values = predict_unit_logits(features, to_unit(images))  # (n, units · pieces)
    largest = values.reshape(len(images), maxout.units, -1).argmax(axis=2)  # (n, units)
    pieces = values.shape[1] // maxout.units
    counts = np.stack([(largest == piece).sum(axis=0) for piece in range(pieces)], axis=1)
    return np.asarray(np.sort(counts, axis=1)[:, ::-1] / len(images))
