"""One minimisation that is written in three ways, and what access to the gradients allows."""

from collections.abc import Callable, Iterator
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
LAST_LAYER = slice(1, None)
"""The variables of the last layer."""


def two_layer_network(inputs: int, outputs: int) -> keras.Model:
    """Builds two layers without biases, always with the same initial weights."""
    image = keras.Input((inputs,))
    first, second = (keras.initializers.HeUniform(seed=seed) for seed in (1, 2))
    hidden = layers.Dense(HIDDEN, activation="relu", use_bias=False, kernel_initializer=first)
    last = layers.Dense(outputs, use_bias=False, kernel_initializer=second)
    return keras.Model(image, last(hidden(image)))


def minimize_with_keras(images: Array, targets: Array, *, steps: int) -> list[Array]:
    """Minimizes the squared error by Keras' own training step.

    Args:
        images: Inputs, (n, inputs) float32.
        targets: Targets, (n, outputs) float32.
        steps: Number of steps of gradient descent, at least 0.

    Returns:
        The weights of the two layers.
    """
    model = two_layer_network(images.shape[1], targets.shape[1])
    model.compile(keras.optimizers.SGD(RATE), "mse", jit_compile=False)
    for batch, batch_targets in _batches(images, targets, steps):
        model.train_on_batch(batch, batch_targets)
    return list(model.get_weights())


def minimize_with_tape(
    images: Array,
    targets: Array,
    *,
    steps: int,
    process: Callable[[list[Any]], list[Any]] | None = None,
    only: slice = slice(None),
    curve: MetricLog | None = None,
) -> list[Array]:
    """Minimizes the squared error by computing gradients and applying them.

    Args:
        images: Inputs, (n, inputs) float32.
        targets: Targets, (n, outputs) float32.
        steps: Number of steps of gradient descent, at least 0.
        process: Changes the gradients before they are applied, for example clips them.
        only: Which of the variables are trained.
        curve: Receives the loss and each gradient's norm at every step.

    Returns:
        The weights of the two layers.
    """
    model = two_layer_network(images.shape[1], targets.shape[1])
    variables = model.trainable_variables[only]
    optimizer, loss = keras.optimizers.SGD(RATE), keras.losses.MeanSquaredError()
    optimizer.build(variables)
    for batch, batch_targets in _batches(images, targets, steps):
        with tf.GradientTape() as tape:
            value = loss(batch_targets, model(batch, training=True))
        gradients = tape.gradient(value, variables)
        if process is not None:
            gradients = process(gradients)
        if curve is not None:
            norms = {f"norm_{i}": float(tf.norm(g)) for i, g in enumerate(gradients)}
            curve.append({"loss": float(value)} | norms)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return list(model.get_weights())


def minimize_by_hand(images: Array, targets: Array, *, steps: int) -> list[Array]:
    """Minimizes the squared error by gradients that are derived on paper.

    out = h W₂, h = max(0, x W₁), E = mean (out − t)²: dE/dout = 2 (out − t) / (n k);
    dE/dW₂ = hᵀ dE/dout; dE/dW₁ = xᵀ (dE/dout W₂ᵀ ∘ [h > 0]).

    Args:
        images: Inputs, (n, inputs) float32.
        targets: Targets, (n, outputs) float32.
        steps: Number of steps of gradient descent, at least 0.

    Returns:
        The weights of the two layers.
    """
    model = two_layer_network(images.shape[1], targets.shape[1])
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)
    for batch, batch_targets in _batches(images, targets, steps):
        first, second = (variable.value for variable in model.trainable_variables)
        hidden = tf.nn.relu(tf.matmul(batch, first))
        out = tf.matmul(hidden, second)
        share = tf.constant(1.0) / len(batch) / targets.shape[1]
        d_out = share * (2.0 * (out - batch_targets))
        d_second = tf.matmul(hidden, d_out, transpose_a=True)
        d_hidden = tf.matmul(d_out, second, transpose_b=True) * tf.cast(hidden > 0, tf.float32)
        d_first = tf.matmul(batch, d_hidden, transpose_a=True)
        optimizer.apply_gradients(zip([d_first, d_second], model.trainable_variables, strict=True))
    return list(model.get_weights())


def _batches(images: Array, targets: Array, steps: int) -> Iterator[tuple[Any, Any]]:
    batches = len(images) // BATCH
    for step in range(steps):
        first = step % batches * BATCH
        rows = slice(first, first + BATCH)
        yield tf.constant(images[rows]), tf.constant(targets[rows])


def clip_gradients(gradients: list[Any], *, norm: float) -> list[Any]:
    """Scales all gradients down together where their global norm exceeds ``norm``."""
    return list(tf.clip_by_global_norm(gradients, norm)[0])


def minimize_three_ways(
    images: Array, targets: Array, *, steps: int, norm: float, curve: MetricLog
) -> pd.DataFrame:
    """Compares the weights after three implementations of one minimisation.

    The implementations are those of "Gradients in Tensorflow" (*Lipman's Artificial Intelligence
    Directory*). Two variants follow that need access to the gradients: clipping, and training of
    the last layer only.

    Args:
        images: Inputs, (n, inputs) float32, at least 50.
        targets: Targets, (n, outputs) float32.
        steps: Number of steps of gradient descent.
        norm: Global norm to which the variant clips its gradients.
        curve: Receives the loss and each gradient's norm at every step of the second one.

    Returns:
        A row for each implementation: ``method``, ``bit_identical`` (to the first), and the largest
        difference of weights of each layer, ``difference_0`` and ``difference_1``.
    """

    def clip(gradients: list[Any]) -> list[Any]:
        return clip_gradients(gradients, norm=norm)

    weights = {
        "minimize": minimize_with_keras(images, targets, steps=steps),
        "compute, apply": minimize_with_tape(images, targets, steps=steps, curve=curve),
        "by hand, apply": minimize_by_hand(images, targets, steps=steps),
        "clipped": minimize_with_tape(images, targets, steps=steps, process=clip),
        "last layer only": minimize_with_tape(images, targets, steps=steps, only=LAST_LAYER),
    }
    rows = [
        {"method": method} | _compare_weights(result, weights["minimize"])
        for method, result in weights.items()
    ]
    return pd.DataFrame(rows)


def _compare_weights(weights: list[Array], reference: list[Array]) -> dict[str, Any]:
    pairs = list(zip(weights, reference, strict=True))
    identical = all(np.array_equal(first, second) for first, second in pairs)
    differences = {
        f"difference_{layer}": float(np.abs(first - second).max())
        for layer, (first, second) in enumerate(pairs)
    }
    return {"bit_identical": identical, **differences}
