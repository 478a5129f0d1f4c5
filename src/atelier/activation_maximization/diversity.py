"""Similarity of images that are maximized together, to be held small."""

from typing import Any

import tensorflow as tf


def pairwise_similarity(maps: Any) -> Any:
    """Computes the sum of the cosines between the Gram matrices of all ordered pairs of images.

    Its negative is the diversity term of Olah, Mordvintsev & Schubert (2017). Maps without
    positions have no Gram matrix: their feature vectors are compared.

    Args:
        maps: Of a layer, (n, …, channels).

    Returns:
        A scalar in [-n (n - 1), n (n - 1)].

    Examples:
        >>> import tensorflow as tf
        >>> from atelier.activation_maximization import pairwise_similarity
        >>> float(pairwise_similarity(tf.constant([[3.0, 4.0], [6.0, 8.0], [-4.0, 3.0]])))
        2.0
    """
    vectors = maps
    if len(maps.shape) > 2:
        channels = maps.shape[-1]
        positions = tf.reshape(maps, (tf.shape(maps)[0], -1, channels))
        grams = tf.matmul(positions, positions, transpose_a=True)  # (n, channels, channels)
        vectors = tf.reshape(grams, (-1, channels**2))
    unit = tf.math.l2_normalize(vectors, axis=1)
    cosines = tf.matmul(unit, unit, transpose_b=True)
    return tf.reduce_sum(cosines) - tf.linalg.trace(cosines)
