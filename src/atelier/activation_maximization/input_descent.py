"""Gradient descent of the input on the cross-entropy of a class; the weights are constant.

This is the experiment of "Introduction to Activation Maximization and implementation in
Tensorflow" (*Lipman's Artificial Intelligence Directory*).
"""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from atelier.activation_maximization.params import InputDescentParams
from atelier.activation_maximization.starts import initial_images, list_starts, zero_border
from atelier.training.prediction import predict_unit_logits
from atelier.types import Array, Labels


class InputDescent(NamedTuple):
    """The images and logits of every step of a descent; the first entry is the start."""

    images: Array
    """(steps + 1, n, height, width, channels) float32; the descent may leave [0, 1]."""
    logits: Array
    """(steps + 1, n, classes) float32."""


def descend_cross_entropy(
    model: keras.Model, starts: Array, targets: Labels, *, steps: int, learning_rate: float
) -> InputDescent:
    """Minimizes the cross-entropy of a target class by gradient descent of each input.

    Args:
        model: Takes images in [0, 1], (n, height, width, channels), and returns logits.
        starts: Images of the first step, (n, height, width, channels), in [0, 1].
        targets: Target class of each image, (n,), integers in [0, classes).
        steps: Number of steps, at least 1.
        learning_rate: Factor of the gradient in each step, above 0.

    Returns:
        The images and logits of every step.

    Raises:
        ValueError: If there is not one target for each start, or a target is not a class.
    """
    classes = model.output_shape[-1]
    if len(targets) != len(starts) or min(targets) < 0 or max(targets) >= classes:
        raise ValueError(
            f"Expected {len(starts)} targets in 0 … {classes - 1}. Received: {list(targets)}"
        )
    images, logits = _descend(
        model,
        tf.constant(starts, tf.float32),
        tf.constant(targets),
        tf.constant(steps),
        tf.constant(learning_rate, tf.float32),
    )
    return InputDescent(np.asarray(images), np.asarray(logits))


@tf.function(reduce_retracing=True)
def _descend(model: Any, images: Any, targets: Any, steps: Any, learning_rate: Any) -> Any:
    """Returns the images and logits of every step; traced once for a model and an input shape."""
    all_images = tf.TensorArray(tf.float32, steps + 1)
    all_logits = tf.TensorArray(tf.float32, steps + 1)
    for step in tf.range(steps + 1):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            logits = model(images, training=False)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_sum(losses)
        all_images, all_logits = all_images.write(step, images), all_logits.write(step, logits)
        images -= learning_rate * tape.gradient(loss, images)
    return all_images.stack(), all_logits.stack()


def descend_from_starts(
    model: keras.Model, classes: int, params: InputDescentParams
) -> dict[str, Array]:
    """Descends to every class from every start, as one batch.

    Args:
        model: Takes images in [0, 1], (n, height, width, channels), and returns logits.
        classes: Number of classes.
        params: The starts, the descent, and the width of the border.

    Returns:
        A table with a row for each start: ``start`` and ``draw``, (starts,); ``images``,
        (starts, steps + 1, classes, height, width, channels), and ``logits``,
        (starts, steps + 1, classes, classes), of every step; and ``border_logits``,
        (starts, classes, classes), of the last images with their border set to 0.
    """
    starts = list_starts(params.starts, params.random_starts)
    shape = model.input_shape[1:]
    images = [initial_images(k, classes, shape, seed=params.seed + draw) for k, draw in starts]
    descent = descend_cross_entropy(
        model,
        np.concatenate(images),
        np.tile(np.arange(classes), len(starts)),
        steps=params.steps,
        learning_rate=params.learning_rate,
    )
    border = predict_unit_logits(model, zero_border(descent.images[-1], params.border))
    return {
        "start": np.array([kind for kind, _ in starts]),
        "draw": np.array([draw for _, draw in starts]),
        "images": _by_start(descent.images, len(starts)),
        "logits": _by_start(descent.logits, len(starts)),
        "border_logits": border.reshape(len(starts), classes, classes),
    }


def _by_start(values: Array, starts: int) -> Array:
    """Rearranges (steps + 1, starts · classes, …) to (starts, steps + 1, classes, …)."""
    return np.moveaxis(values.reshape(len(values), starts, -1, *values.shape[2:]), 1, 0)
