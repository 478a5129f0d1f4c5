"""Which weights a batch moves under dropout, for each optimizer."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from atelier.dropout.params import WeightUpdateParams
from atelier.types import Array, Labels

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "SGD": {"class_name": "sgd", "config": {}},
    "momentum": {"class_name": "sgd", "config": {"momentum": 0.9}},
    "Adagrad": {"class_name": "adagrad", "config": {}},
    "Adadelta": {"class_name": "adadelta", "config": {}},
    "RMSprop": {"class_name": "rmsprop", "config": {}},
    "Adam": {"class_name": "adam", "config": {}},
}


class WeightUpdates(NamedTuple):
    """What each batch did to the weights that leave the hidden units."""

    steps: Array
    """|change|, (batches, units, classes)."""
    kept: Array
    """Whether the batch's mask kept the unit at all, (batches, units)."""


def measure_weight_updates(
    x: Array,
    labels: Labels,
    optimizer: str,
    params: WeightUpdateParams,
    *,
    classes: int,
    per_sample: bool,
    seed: int,
) -> WeightUpdates:
    """Train one hidden tanh layer for some batches, each under one mask (or one for each sample),
    and note what moved. The same seed gives every optimizer the same start, batches and masks.
    """
    rng = np.random.default_rng(seed)
    shapes = (x.shape[1], params.units), (params.units, classes)
    variables = [
        keras.Variable((rng.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32))
        for shape in shapes
    ]
    chosen = OPTIMIZERS[optimizer]
    config = chosen["config"] | {"learning_rate": params.rates[optimizer]}
    rule = keras.optimizers.get({"class_name": chosen["class_name"], "config": config})
    rule.build(variables)
    steps, kept = [], []
    for rows, mask in _batches(rng, len(x), params, per_sample=per_sample):
        before = variables[1].numpy()
        with tf.GradientTape() as tape:
            values = [variable.value for variable in variables]
            tape.watch(values)
            hidden = tf.tanh(x[rows] @ values[0]) * mask / (1 - params.drop)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels[rows], hidden @ values[1])
            )
        rule.apply_gradients(zip(tape.gradient(loss, values), variables, strict=True))
        steps.append(np.abs(variables[1].numpy() - before))
        kept.append(mask.any(axis=0))
    return WeightUpdates(np.stack(steps), np.stack(kept))


def _batches(
    rng: np.random.Generator, count: int, params: WeightUpdateParams, *, per_sample: bool
) -> Iterator[tuple[Array, Array]]:
    masks = params.batch_size if per_sample else 1
    for _ in range(params.batches):
        rows = rng.integers(count, size=params.batch_size)
        yield rows, (rng.random((masks, params.units)) >= params.drop).astype(np.float32)


def update_statistics(found: WeightUpdates) -> dict[str, float]:
    """Share of weights that a batch moves, share moved after all of them, share of units that the
    masks kept; and the mean step of a dropped unit's weights as a share of a kept one's.
    """
    moved, kept = found.steps > 0, found.kept
    dropped = found.steps[~kept].mean() if (~kept).any() else np.nan
    return {
        "updated_per_batch": float(moved.mean()),
        "active_per_batch": float(kept.mean()),
        "updated_in_total": float(moved.any(axis=0).mean()),
        "dropped_over_active": float(dropped / found.steps[kept].mean()),
    }


def dropped_update_ratios(weight_updates: pd.DataFrame) -> dict[str, float]:
    """By optimizer, the step of a dropped unit's weights as a share of a kept one's, under one mask
    for the batch.
    """
    under_one = weight_updates[weight_updates["mask"] == "batch"].set_index("optimizer")[
        "dropped_over_active"
    ]
    return {f"{str(name).lower()}_dropped_over_active": float(x) for name, x in under_one.items()}
