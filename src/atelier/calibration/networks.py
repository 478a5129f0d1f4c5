"""The plain network whose width, depth and normalisation the capacity study varies."""

import keras
from keras import layers


def dense_network(
    classes: int,
    *,
    shape: tuple[int, int, int],
    width: int,
    depth: int,
    batch_normalisation: bool,
    seed: int,
) -> keras.Model:
    """``depth`` hidden layers of ``width`` rectified units, untrained: images in, logits out.

    Weights start he_uniform from ``seed``.
    """
    image = keras.Input(shape)
    x = layers.Flatten()(image)
    for layer in range(depth):
        start = keras.initializers.HeUniform(seed=seed * 1000 + layer)
        x = layers.Dense(width, use_bias=not batch_normalisation, kernel_initializer=start)(x)
        x = layers.BatchNormalization()(x) if batch_normalisation else x
        x = layers.ReLU()(x)
    last = keras.initializers.GlorotUniform(seed=seed * 1000 + depth)
    return keras.Model(image, layers.Dense(classes, kernel_initializer=last)(x), name="dense")
