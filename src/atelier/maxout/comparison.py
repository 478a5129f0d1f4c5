"""Experiments with maxout: against rectified units, piece by piece, and what one unit can learn."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers
from tqdm import tqdm

from atelier.evaluation.intervals import wilson_interval
from atelier.maxout.networks import Maxout, dense_maxout, rectified_width
from atelier.maxout.params import MaxoutParams, PermutationInvariantParams
from atelier.training.batches import to_unit
from atelier.training.fitting import fit_all_epochs, predict_unit_logits
from atelier.types import Array, Arrays, Images, Metrics

TARGETS: dict[str, Callable[[Array], Array]] = {
    "|x|": np.abs,
    "ReLU": lambda x: np.maximum(x, 0),
    "x²": np.square,
}


def compare_with_relu(
    train: Arrays, test: Arrays, params: MaxoutParams, *, classes: int
) -> tuple[pd.DataFrame, keras.Model]:
    """Maxout and ReLU of as many parameters, with and without dropout, seed by seed: a row each;
    and the last maxout network with dropout.
    """
    shape = train["images"].shape[1:]
    maxout = dense_maxout(classes, shape=shape, units=params.units, pieces=params.pieces)
    width = rectified_width(maxout, shape=shape, classes=classes)
    sizes = {"ReLU": (width, 1), "maxout": (params.units, params.pieces)}
    arms = [(n, d, s) for s in params.seeds for d in (0.0, params.drop) for n in sizes]
    rows = []
    for name, drop, seed in tqdm(arms, desc="networks", unit="network", disable=None):
        units, pieces = sizes[name]
        model = dense_maxout(
            classes, shape=shape, units=units, pieces=pieces, hidden_drop=drop, seed=seed
        )
        fit_all_epochs(model, train, params.training.model_copy(update={"seed": seed}))
        row = {"network": name, "dropout": drop, "seed": seed, "parameters": model.count_params()}
        rows.append(row | error_rates(model, train, test))
    return pd.DataFrame(rows), model


def error_rates(model: keras.Model, train: Arrays, test: Arrays) -> Metrics:
    """Mistakes and error on the test split, its Wilson 95 % interval, n; error on training."""
    wrong, trained = (
        int((_eager(model, split["images"]).argmax(axis=1) != split["labels"]).sum())
        for split in (test, train)
    )
    n = len(test["labels"])
    low, high = wilson_interval(wrong, n)
    numbers = {"mistakes": wrong, "error": wrong / n, "error_low": low, "error_high": high}
    return numbers | {"n": n, "train_error": trained / len(train["labels"])}


def _eager(model: keras.Model, images: Images) -> Array:
    """Logits without a graph, which costs each of many small networks more than it saves."""
    blocks = (to_unit(images[start : start + 2000]) for start in range(0, len(images), 2000))
    return np.concatenate([np.asarray(model(block, training=False)) for block in blocks])


def piece_shares(model: keras.Model, images: Images) -> Array:
    """How often each piece of each unit of the first maxout layer wins, (units, pieces), each row
    summing to 1, the most frequent piece first.
    """
    maxout = next(layer for layer in model.layers if isinstance(layer, Maxout))
    features = keras.Model(model.input, maxout.input)
    values = predict_unit_logits(features, to_unit(images))  # (n, units · pieces)
    winner = values.reshape(len(images), maxout.units, -1).argmax(axis=2)  # (n, units)
    pieces = values.shape[1] // maxout.units
    counts = np.stack([(winner == piece).sum(axis=0) for piece in range(pieces)], axis=1)
    return np.asarray(np.sort(counts, axis=1)[:, ::-1] / len(images))


class FunctionFit(NamedTuple):
    """What one maxout unit makes of each of TARGETS."""

    x: Array
    """(points,)."""
    targets: Array
    """(points, functions)."""
    outputs: Array
    """(points, functions): the largest piece."""
    pieces: Array
    """(points, functions, pieces): each a straight line."""


def fit_functions(*, pieces: int, steps: int, seed: int) -> FunctionFit:
    """One maxout unit of a single input fitted to each of TARGETS over [−2, 2] (their fig. 1)."""
    x = np.linspace(-2, 2, 201, dtype=np.float32)[:, None]
    targets = np.concatenate([function(x) for function in TARGETS.values()], axis=1)
    start = keras.initializers.RandomNormal(stddev=1.0, seed=seed)
    lines = layers.Dense(len(TARGETS) * pieces, kernel_initializer=start)
    units = Maxout(len(TARGETS))
    optimizer = keras.optimizers.Adam(0.05)
    lines.build((None, 1))
    optimizer.build(lines.trainable_variables)

    @tf.function
    def descend(inputs: Any, wanted: Any) -> None:
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((units(lines(inputs)) - wanted) ** 2)
            variables = lines.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    descend(tf.constant(x), tf.constant(targets))
    values = np.asarray(lines(x))
    return FunctionFit(
        x[:, 0], targets, np.asarray(units(values)), values.reshape(len(x), len(TARGETS), pieces)
    )


def permutation_invariant_network(
    params: PermutationInvariantParams, *, shape: tuple[int, int, int], classes: int
) -> keras.Model:
    """The paper's network for MNIST without a notion of neighbourhood, untrained."""
    return dense_maxout(
        classes,
        shape=shape,
        units=params.units,
        pieces=params.pieces,
        input_drop=params.input_drop,
        hidden_drop=params.hidden_drop,
        max_norm=params.max_norm,
        spread=params.spread,
        seed=params.descent.seed,
    )
