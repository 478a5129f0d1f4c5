"""Images made to mislead a network."""

import keras
import numpy as np
import tensorflow as tf

from atelier.training.fitting import EVALUATION_BATCH
from atelier.types import Array, Labels


def fast_gradient_sign(
    model: keras.Model, images: Array, labels: Labels, *, epsilon: float
) -> Array:
    """The images moved by ``epsilon`` along the sign of the loss' gradient (Goodfellow et al.
    2015, eq. 1), cut to [0, 1].

    Args:
        model: Takes images in [0, 1], returns logits.
        images: (n, height, width, channels) float32 in [0, 1].
        labels: The true classes, (n,), which the loss is of.
        epsilon: The largest change of a pixel, ≥ 0.
    """
    moved = np.empty_like(images)
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
        moved[rows] = images[rows] + epsilon * np.sign(tape.gradient(loss, batch))
    return np.clip(moved, 0, 1)
