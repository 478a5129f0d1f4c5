"""One minimisation written in three ways, and what taking it apart is good for."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers

from atelier.types import Array, MetricLog

BATCH = 50
RATE = 0.1
HIDDEN = 32


def network(inputs: int, outputs: int) -> keras.Model:
    """Two layers without biases, always from the same weights."""
    image = keras.Input((inputs,))
    starts = [keras.initializers.HeUniform(seed=seed) for seed in (1, 2)]
    hidden = layers.Dense(HIDDEN, activation="relu", use_bias=False, kernel_initializer=starts[0])
    last = layers.Dense(outputs, use_bias=False, kernel_initializer=starts[1])
    return keras.Model(image, last(hidden(image)))


def minimize_with_keras(images: Array, targets: Array, *, steps: int) -> list[Array]:
    """The weights after ``steps`` steps of squared error: Keras does it all (``minimize`` once)."""
    model = network(images.shape[1], targets.shape[1])
    model.compile(keras.optimizers.SGD(RATE), "mse", jit_compile=False)
    for batch, wanted in _batches(images, targets, steps):
        model.train_on_batch(batch, wanted)
    return list(model.get_weights())


def minimize_with_tape(
    images: Array,
    targets: Array,
    *,
    steps: int,
    process: Callable[[list[Any]], list[Any]] = lambda gradients: gradients,
    only: slice = slice(None),
    curve: MetricLog | None = None,
) -> list[Array]:
    """The same by the tape's gradients, which lie open between the two halves: to be tracked, the
    norm by layer and step, in ``curve``; to be processed; to be taken of some variables ``only``.
    """
    model = network(images.shape[1], targets.shape[1])
    variables = model.trainable_variables[only]
    optimizer, loss = keras.optimizers.SGD(RATE), keras.losses.MeanSquaredError()
    optimizer.build(variables)
    for batch, wanted in _batches(images, targets, steps):
        with tf.GradientTape() as tape:
            value = loss(wanted, model(batch, training=True))
        gradients = process(tape.gradient(value, variables))
        if curve is not None:
            norms = {f"norm_{i}": float(tf.norm(g)) for i, g in enumerate(gradients)}
            curve.append({"loss": float(value)} | norms)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return list(model.get_weights())


def minimize_by_hand(images: Array, targets: Array, *, steps: int) -> list[Array]:
    """The same by the chain rule on paper, applied by the optimizer.

    out = h W₂, h = max(0, x W₁), E = mean (out − t)²: dE/dout = 2 (out − t) / (n k);
    dE/dW₂ = hᵀ dE/dout; dE/dW₁ = xᵀ (dE/dout W₂ᵀ ∘ [h > 0]).
    """
    model = network(images.shape[1], targets.shape[1])
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)
    for batch, wanted in _batches(images, targets, steps):
        first, second = (variable.value for variable in model.trainable_variables)
        hidden = tf.nn.relu(tf.matmul(batch, first))
        out = tf.matmul(hidden, second)
        share = tf.constant(1.0) / len(batch) / targets.shape[1]
        d_out = share * (2.0 * (out - wanted))
        d_second = tf.matmul(hidden, d_out, transpose_a=True)
        d_hidden = tf.matmul(d_out, second, transpose_b=True) * tf.cast(hidden > 0, tf.float32)
        d_first = tf.matmul(batch, d_hidden, transpose_a=True)
        optimizer.apply_gradients(zip([d_first, d_second], model.trainable_variables, strict=True))
    return list(model.get_weights())


def _batches(images: Array, targets: Array, steps: int) -> Iterator[tuple[Any, Any]]:
    whole = len(images) // BATCH
    for step in range(steps):
        rows = slice(step % whole * BATCH, step % whole * BATCH + BATCH)
        yield tf.constant(images[rows]), tf.constant(targets[rows])


def clip_gradients(gradients: list[Any], *, norm: float) -> list[Any]:
    """The gradients, scaled down together where their common norm exceeds ``norm``."""
    return list(tf.clip_by_global_norm(gradients, norm)[0])


def minimize_three_ways(
    images: Array, targets: Array, *, steps: int, norm: float, curve: MetricLog
) -> pd.DataFrame:
    """How far each way's weights lie from the first's, and whether every bit is the same.

    The three of the post come first; then what the decomposition allows: gradients clipped to
    ``norm``, and the last layer's gradients only.
    """
    data = images, targets
    ways = {
        "minimize": minimize_with_keras(*data, steps=steps),
        "compute, apply": minimize_with_tape(*data, steps=steps, curve=curve),
        "by hand, apply": minimize_by_hand(*data, steps=steps),
        "clipped": minimize_with_tape(
            *data, steps=steps, process=partial(clip_gradients, norm=norm)
        ),
        "last layer only": minimize_with_tape(*data, steps=steps, only=slice(1, None)),
    }
    first = ways["minimize"]
    rows = [
        {"way": name, "same_bits": all(map(np.array_equal, weights, first))}
        | {
            f"difference_{layer}": float(np.abs(one - other).max())
            for layer, (one, other) in enumerate(zip(weights, first, strict=True))
        }
        for name, weights in ways.items()
    ]
    return pd.DataFrame(rows)
