"""Dense networks with rectified units: their logits, and how they are trained."""

import itertools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from atelier.types import Array, Labels

Weights = list[Array]
"""Of a network of dense layers: matrix, bias, matrix, bias …"""


def forward(weights: Weights, x: Array, *, scales: list[Array] | None = None) -> Array:
    """Logits, (n, classes), of rectified dense layers; ``scales`` multiply the hidden units."""
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    for layer, (matrix, bias) in enumerate(hidden):
        x = np.maximum(x @ matrix + bias, 0)
        x = x if scales is None else x * scales[layer]
    return np.asarray(x @ last[0] + last[1])


class DropoutTrainer:
    """Trains rectified dense networks of one shape, one after another, by one compiled loop.

    Adam with Keras' constants. The batches and the masks (of each sample its own) are a function of
    the seed and the step.
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
        """The weights after ``steps`` steps from he_uniform ones."""
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
