"""The plain experiment: the weights stand still, the input walks down the cross-entropy."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from atelier.types import Array, Labels


class InputDescent(NamedTuple):
    """What plain steps give back; the first entry is the start."""

    images: Array
    """(steps + 1, n, height, width, channels) float32, free to leave [0, 1]."""
    logits: Array
    """(steps + 1, n, classes) float32."""


def initial_images(kind: str, count: int, shape: Sequence[int], *, seed: int) -> Array:
    """First states in [0, 1], (count, height, width, channels) float32.

    Args:
        kind: ``ones``, ``half``, ``zeros``, or ``random``, uniform, another for each.
        count: How many.
        shape: (height, width, channels).
        seed: Of the random ones.

    Raises:
        ValueError: Another kind.
    """
    values: dict[str, Callable[[], Any]] = {
        "ones": lambda: 1.0,
        "half": lambda: 0.5,
        "zeros": lambda: 0.0,
        "random": lambda: np.random.default_rng(seed).uniform(0, 1, (count, *shape)),
    }
    if kind not in values:
        raise ValueError(f"Expected a start out of {', '.join(values)}. Received: {kind}")
    return np.broadcast_to(np.asarray(values[kind](), np.float32), (count, *shape)).copy()


def descend_cross_entropy(
    model: keras.Model, starts: Array, targets: Labels, *, steps: int, learning_rate: float
) -> InputDescent:
    """Gradient descent of each input on the cross-entropy of its target class, as one batch.

    Args:
        model: Takes images in [0, 1], returns logits.
        starts: (n, height, width, channels), in [0, 1].
        targets: (n,), integers in [0, classes).
        steps: At least one.
        learning_rate: Times the gradient is the step.

    Raises:
        ValueError: Not a target for each start, or a class that the model has not.
    """
    classes = model.output_shape[-1]
    if len(targets) != len(starts) or min(targets) < 0 or max(targets) >= classes:
        raise ValueError(
            f"Expected {len(starts)} targets in 0 … {classes - 1}. Received: {list(targets)}"
        )
    images, logits = _walk(
        model,
        tf.constant(starts, tf.float32),
        tf.constant(targets),
        tf.constant(steps),
        tf.constant(learning_rate, tf.float32),
    )
    return InputDescent(np.asarray(images), np.asarray(logits))


@tf.function(reduce_retracing=True)
def _walk(model: Any, images: Any, targets: Any, steps: Any, learning_rate: Any) -> Any:
    """States and answers of every step; traced once for a model and a kind of image."""
    states = tf.TensorArray(tf.float32, steps + 1)
    answers = tf.TensorArray(tf.float32, steps + 1)
    for step in tf.range(steps + 1):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            logits = model(images, training=False)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
            loss = tf.reduce_sum(losses)
        states, answers = states.write(step, images), answers.write(step, logits)
        images -= learning_rate * tape.gradient(loss, images)
    return states.stack(), answers.stack()


def zero_border(images: Array, width: int) -> Array:
    """The images with their outer rows and columns set to 0.

    Args:
        images: (n, height, width, channels).
        width: Rows and columns at each side.
    """
    inside = np.zeros_like(images)
    inner = np.s_[:, width : images.shape[1] - width, width : images.shape[2] - width]
    inside[inner] = images[inner]
    return inside
