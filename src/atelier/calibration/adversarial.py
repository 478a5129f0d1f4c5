"""Adversarial images: the fast gradient sign method."""

import keras
import numpy as np
import tensorflow as tf

from atelier.training.prediction import EVALUATION_BATCH
from atelier.types import Array, Labels


def fast_gradient_sign(
    model: keras.Model, images: Array, labels: Labels, *, epsilon: float
) -> Array:
    """Returns images changed by the fast gradient sign method (Goodfellow et al. 2015, eq. 1).

    Each pixel changes by ``epsilon`` in the direction that increases the loss.

    Args:
        model: Takes images in [0, 1], returns logits.
        images: (n, height, width, channels) float32 in [0, 1].
        labels: The true classes of the loss, (n,).
        epsilon: The change of a pixel, ≥ 0.

    Returns:
        Images of the same shape, float32, cut to [0, 1].
    """
    changed = np.empty_like(images)
    for start in range(0, len(images), EVALUATION_BATCH):
        rows = slice(start, start + EVALUATION_BATCH)
        batch = tf.constant(images[rows])
        with tf.GradientTape() as tape:
            tape.watch(batch)
            loss = keras.ops.sum(
                keras.losses.sparse_categorical_crossentropy(
                    labels[rows], model(batch, training=False), from_logits=True
                )
            )
        changed[rows] = images[rows] + epsilon * np.sign(tape.gradient(loss, batch))
    return np.clip(changed, 0, 1)
