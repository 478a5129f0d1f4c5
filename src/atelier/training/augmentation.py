"""Random affine changes of training images, as a function of a seed alone."""

import keras
import tensorflow as tf

from atelier.training.params import AugmentationParams


def affine_coefficients(
    count: tf.Tensor, shape: tuple[int, int], change: AugmentationParams, seed: tf.Tensor
) -> tf.Tensor:
    """Draws one affine map per image, from output to input coordinates.

    Angle, scales, shear and shift are uniform within plus or minus their largest values, about the
    centre of the image.

    Args:
        count: Number of maps, a scalar tensor.
        shape: Of an image: height, width.
        change: The largest values.
        seed: A pair of integers; the same pair gives the same maps.

    Returns:
        Coefficients as `keras.ops.image.affine_transform` takes them, (count, 8).
    """
    height, width = shape
    draw = tf.random.stateless_uniform((6, count), seed, -1.0, 1.0)
    angle = draw[0] * change.degrees * (3.141592653589793 / 180)
    scale_x, scale_y = 1 + draw[1] * change.scale, 1 + draw[2] * change.scale
    shear = draw[3] * change.shear
    cos, sin = tf.cos(angle), tf.sin(angle)
    a, b = scale_x * cos, scale_x * (shear * cos - sin)
    d, e = scale_y * sin, scale_y * (shear * sin + cos)
    x, y = (width - 1) / 2, (height - 1) / 2
    c = x - a * x - b * y + draw[4] * change.pixels
    f = y - d * x - e * y + draw[5] * change.pixels
    zero = tf.zeros_like(a)
    return tf.stack([a, b, c, d, e, f, zero, zero], axis=1)  # (count, 8)


def augment(images: tf.Tensor, change: AugmentationParams, seed: tf.Tensor) -> tf.Tensor:
    """Moves each image by a random affine map; interpolation is bilinear, the outside 0.

    Args:
        images: (n, height, width, channels) float32.
        change: The largest angle, scale, shear and shift.
        seed: A pair of integers; the same pair gives the same maps.

    Returns:
        Images of the same shape.
    """
    shape = images.shape[1:3]
    maps = affine_coefficients(tf.shape(images)[0], (shape[0], shape[1]), change, seed)
    return keras.ops.image.affine_transform(
        images, maps, interpolation="bilinear", fill_mode="constant"
    )
