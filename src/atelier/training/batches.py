"""Images as networks take them: scaled to [0, 1], in shuffled and augmented batches."""

import numpy as np
import tensorflow as tf

from atelier.training.augmentation import augment
from atelier.training.params import TrainingParams
from atelier.types import Array, Arrays

UNIT = 1 / 255
"""Value of one grey level of a stored image in a network."""


def to_unit(images: Array) -> Array:
    """Returns images as networks take them: float32 in [0, 1] for uint8 in 0 … 255.

    Examples:
        >>> import numpy as np
        >>> from atelier.training import to_unit
        >>> to_unit(np.array([[0, 51, 255]], np.uint8)).round(3)
        array([[0. , 0.2, 1. ]], dtype=float32)
    """
    return images.astype(np.float32) * np.float32(UNIT)


def training_batches(
    split: Arrays, training: TrainingParams, *, epochs: range | None = None
) -> tf.data.Dataset:
    """Returns shuffled, augmented batches of (images in [0, 1], labels), epoch after epoch.

    The order within an epoch depends on the seed and the epoch alone, so that the stream of some
    epochs is a part of the stream of all.

    Args:
        split: ``images`` (n, height, width, channels) uint8, ``labels`` (n,).
        training: The recipe: batch size, augmentation, seed, number of epochs.
        epochs: Consecutive epochs, from 0; all where there is none.

    Returns:
        A dataset of ⌈n / batch size⌉ batches for each epoch.
    """
    epochs = range(training.epochs) if epochs is None else epochs
    images, labels = tf.constant(split["images"]), tf.constant(split["labels"])
    count, change = len(split["labels"]), training.augmentation
    steps = -(-count // training.batch_size)

    def epoch_order(epoch: tf.Tensor) -> tf.data.Dataset:
        seed = tf.stack([tf.constant(training.seed, tf.int64), epoch])
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed)
        return tf.data.Dataset.from_tensor_slices(order).batch(training.batch_size)

    def batch_at(step: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.cast(tf.gather(images, index), tf.float32) * UNIT
        if change.active:
            batch = augment(batch, change, tf.stack([training.seed + 2**31, step]))
        return batch, tf.gather(labels, index)

    order = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(epoch_order)
    stream = order.enumerate(start=epochs.start * steps).map(batch_at, num_parallel_calls=1)
    return stream.prefetch(4)
