"""Which weights a batch updates under dropout, for each optimizer."""

from collections.abc import Callable, Iterator
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
    """The updates of the weights from hidden units to logits, batch by batch."""

    steps: Array
    """|change| of each weight, (batches, units, classes)."""
    active: Array
    """Whether a mask of the batch has the unit active, (batches, units)."""


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
    """Trains one hidden tanh layer with dropout and records the update of every weight.

    The same seed gives every optimizer the same initial weights, batches and masks.

    Args:
        x: Inputs, (n, features) float32.
        labels: (n,), integers in [0, classes).
        optimizer: A name in OPTIMIZERS.
        params: Number of units, dropout, batches and learning rates.
        classes: Number of classes.
        per_sample: Whether each sample has a mask of its own; else a batch has one mask.
        seed: Seed of initial weights, batches and masks.

    Returns:
        The updates of the weights that leave the hidden units.
    """
    rng = np.random.default_rng(seed)
    shapes = (x.shape[1], params.units), (params.units, classes)
    variables = [
        keras.Variable((rng.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32))
        for shape in shapes
    ]
    rule = _optimizer(optimizer, params.rates[optimizer])
    rule.build(variables)
    step = _compiled_step(variables, rule, keep=1 - params.drop)
    steps, active = [], []
    for rows, mask in _batches(rng, len(x), params, per_sample=per_sample):
        before = variables[1].numpy()
        step(x[rows], mask, labels[rows])
        steps.append(np.abs(variables[1].numpy() - before))
        active.append(mask.any(axis=0))
    return WeightUpdates(np.stack(steps), np.stack(active))


def _compiled_step(
    variables: list[keras.Variable], optimizer: keras.optimizers.Optimizer, *, keep: float
) -> Callable[[Array, Array, Labels], None]:
    """Returns a function of a batch's inputs, masks and labels that updates the variables."""

    @tf.function(reduce_retracing=True)
    def step(x: Any, mask: Any, labels: Any) -> None:
        with tf.GradientTape() as tape:
            values = [variable.value for variable in variables]
            tape.watch(values)
            hidden = tf.tanh(x @ values[0]) * mask / keep
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, hidden @ values[1])
            )
        optimizer.apply_gradients(zip(tape.gradient(loss, values), variables, strict=True))

    return lambda *batch: step(*map(tf.constant, batch))


def _optimizer(name: str, rate: float) -> keras.optimizers.Optimizer:
    class_name, config = OPTIMIZERS[name]["class_name"], OPTIMIZERS[name]["config"]
    return keras.optimizers.get(
        {"class_name": class_name, "config": config | {"learning_rate": rate}}
    )


def _batches(
    rng: np.random.Generator, count: int, params: WeightUpdateParams, *, per_sample: bool
) -> Iterator[tuple[Array, Array]]:
    """Yields the rows of each batch, (batch_size,), and its masks, (batch_size or 1, units)."""
    masks = params.batch_size if per_sample else 1
    for _ in range(params.batches):
        rows = rng.integers(count, size=params.batch_size)
        yield rows, (rng.random((masks, params.units)) >= params.drop).astype(np.float32)


def compare_optimizers(
    x: Array, labels: Labels, params: WeightUpdateParams, *, classes: int, seed: int
) -> tuple[pd.DataFrame, dict[str, Array]]:
    """Compares the weight updates of all optimizers, under one mask per batch and per sample.

    Args:
        x: Inputs, (n, features) float32.
        labels: (n,), integers in [0, classes).
        params: Number of units, dropout, batches and learning rates.
        classes: Number of classes.
        seed: Seed of initial weights, batches and masks.

    Returns:
        A row for each optimizer and kind of mask: ``optimizer``, ``mask`` (``batch`` or
        ``sample``), ``expected_per_batch`` (expected share of active units) and
        :func:`update_statistics`; and of each optimizer the steps under one mask per batch,
        (batches, units, classes).
    """
    rows, steps = [], {}
    for mask, masks in (("batch", 1), ("sample", params.batch_size)):
        for name in OPTIMIZERS:
            updates = measure_weight_updates(
                x, labels, name, params, classes=classes, per_sample=mask == "sample", seed=seed
            )
            row = {"optimizer": name, "mask": mask, "expected_per_batch": 1 - params.drop**masks}
            rows.append(row | update_statistics(updates))
            if mask == "batch":
                steps[name] = updates.steps
    return pd.DataFrame(rows), steps


def update_statistics(updates: WeightUpdates) -> dict[str, float]:
    """Returns the shares of updated weights and active units, and the updates of dropped units.

    Args:
        updates: From :func:`measure_weight_updates`.

    Returns:
        ``updated_per_batch`` (share of weights), ``active_per_batch`` (share of units),
        ``updated_in_total`` (share of weights, after all batches), and ``dropped_over_active``, the
        mean step of a dropped unit's weights divided by that of an active one's.

    Examples:
        >>> steps = np.array([[[2.0, 2.0], [0.0, 1.0]]])
        >>> updates = WeightUpdates(steps, np.array([[True, False]]))
        >>> statistics = update_statistics(updates)
        >>> statistics["updated_per_batch"], statistics["dropped_over_active"]
        (0.75, 0.25)
    """
    updated, active = updates.steps > 0, updates.active
    dropped = updates.steps[~active].mean() if (~active).any() else np.nan
    return {
        "updated_per_batch": float(updated.mean()),
        "active_per_batch": float(active.mean()),
        "updated_in_total": float(updated.any(axis=0).mean()),
        "dropped_over_active": float(dropped / updates.steps[active].mean()),
    }


def dropped_update_ratios(table: pd.DataFrame) -> dict[str, float]:
    """Returns ``dropped_over_active`` of each optimizer under one mask per batch.

    Args:
        table: From :func:`compare_optimizers`.

    Returns:
        The ratios, named ``<optimizer>_dropped_over_active``.
    """
    rows = table[table["mask"] == "batch"].to_dict("records")
    return {
        f"{row['optimizer'].lower()}_dropped_over_active": float(row["dropped_over_active"])
        for row in rows
    }
