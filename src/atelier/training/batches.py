"""Images as networks take them: scaled to [0, 1], in shuffled and augmented batches."""

import numpy as np
import tensorflow as tf

from atelier.training.augmentation import augment
from atelier.training.params import TrainingParams
from atelier.types import Array, Arrays

UNIT = 1 / 255


def to_unit(images: Array) -> Array:
    """Images as networks take them: float32 in [0, 1] for uint8 in 0 … 255."""
    return images.astype(np.float32) * np.float32(UNIT)


def training_batches(
    split: Arrays, training: TrainingParams, *, first_epoch: int = 0
) -> tf.data.Dataset:
    """Shuffled, augmented batches of (images in [0, 1], labels), epoch after epoch without end.

    The order within an epoch depends on the seed and the epoch alone, so a stream that starts at
    ``first_epoch`` equals the rest of one that started at 0.
    """
    images, labels = tf.constant(split["images"]), tf.constant(split["labels"])
    count, change = len(split["labels"]), training.augmentation
    steps = -(-count // training.batch_size)

    def epoch_order(epoch: tf.Tensor) -> tf.data.Dataset:
        seed = tf.stack([tf.constant(training.seed, tf.int64), epoch])
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed)
        return tf.data.Dataset.from_tensor_slices(order).batch(training.batch_size)

    def picture(step: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        batch = tf.cast(tf.gather(images, index), tf.float32) * UNIT
        if change.active:
            batch = augment(batch, change, tf.stack([training.seed + 2**31, step]))
        return batch, tf.gather(labels, index)

    order = tf.data.Dataset.range(first_epoch, training.epochs).flat_map(epoch_order)
    stream = order.enumerate(start=first_epoch * steps).map(picture, num_parallel_calls=1)
    return stream.prefetch(4)
