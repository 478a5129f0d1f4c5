"""Dropout in training: a loop for dense networks, and the masks of Keras' layer."""

import itertools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from atelier.dropout.networks import Weights
from atelier.types import Array, Labels


class DropoutTrainer:
    """Trains rectified dense networks of one shape, one after another, by one compiled loop.

    The optimizer is Adam with Keras' constants. Batches and masks (one for each sample) are a
    function of the seed and the step.

    Args:
        widths: Numbers of inputs, of units of each hidden layer, and of classes.
        batch_size: Images of a step.
        learning_rate: Of Adam, > 0.
    """

    def __init__(self, widths: tuple[int, ...], *, batch_size: int, learning_rate: float) -> None:
        self.widths, self.batch_size = widths, batch_size
        pairs = itertools.pairwise(widths)
        shapes = [shape for a, b in pairs for shape in ((a, b), (b,))]
        self.variables = [keras.Variable(np.zeros(shape, np.float32)) for shape in shapes]
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.optimizer.build(self.variables)
        inputs = tf.TensorSpec((None, widths[0])), tf.TensorSpec((None,), tf.int64)
        numbers = tf.TensorSpec(()), tf.TensorSpec((), tf.int32), tf.TensorSpec((), tf.int32)
        self._loop = tf.function(self._run, input_signature=(*inputs, *numbers))

    def __call__(self, x: Array, labels: Labels, *, drop: float, steps: int, seed: int) -> Weights:
        """Trains a network from He uniform weights.

        Args:
            x: Inputs, (n, features) float32.
            labels: (n,), integers in [0, classes).
            drop: Probability that a hidden unit is dropped, in [0, 1).
            steps: Number of steps.
            seed: Seed of weights, batches and masks.

        Returns:
            The weights after the last step.
        """
        rng = np.random.default_rng(seed)
        for variable in self.variables:
            limit = np.sqrt(6 / variable.shape[0]) if len(variable.shape) == 2 else 0.0
            variable.assign(rng.uniform(-limit, limit, variable.shape).astype(np.float32))
        for state in self.optimizer.variables:
            if state is not self.optimizer.learning_rate:
                state.assign(np.zeros(state.shape, state.dtype))
        self._loop(tf.constant(x), tf.constant(labels), tf.constant(drop, tf.float32), seed, steps)
        return [variable.numpy() for variable in self.variables]

    def _run(self, x: Any, labels: Any, drop: Any, seed: Any, steps: Any) -> None:
        for step in tf.range(steps):
            rows = tf.random.stateless_uniform(
                (self.batch_size,), (seed, 8 * step), 0, tf.shape(x)[0], tf.int32
            )
            with tf.GradientTape() as tape:
                variables = [variable.value for variable in self.variables]
                tape.watch(variables)
                out = tf.gather(x, rows)
                *hidden, (last, bias) = zip(variables[::2], variables[1::2], strict=True)
                for layer, (matrix, shift) in enumerate(hidden):
                    out = tf.nn.relu(out @ matrix + shift)
                    chance = tf.random.stateless_uniform(
                        tf.shape(out), (seed, 8 * step + 1 + layer)
                    )
                    out = tf.where(chance >= drop, out / (1 - drop), 0.0)
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        tf.gather(labels, rows), out @ last + bias
                    )
                )
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, variables), self.variables, strict=True)
            )


def active_units(units: int, *, drop: float, batches: int, seed: int) -> Array:
    """Returns how many units Keras' dropout layer leaves active in each batch.

    Args:
        units: Number of units.
        drop: Probability that a unit is dropped, in [0, 1).
        batches: Number of batches, each under one mask.
        seed: Seed of the masks.

    Returns:
        Counts, (batches,), integers in [0, units].
    """
    layer = keras.layers.Dropout(drop, noise_shape=(None, units), seed=seed)
    active = np.asarray(layer(np.ones((batches, units), np.float32), training=True)) > 0
    return np.asarray(active.sum(axis=1))
