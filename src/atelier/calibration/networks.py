"""The dense network whose width, depth and normalisation the capacity study varies."""

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
    """Builds an untrained dense network of rectified units: images in, logits out.

    Args:
        classes: Number of logits.
        shape: (height, width, channels) of an image.
        width: Units in a hidden layer.
        depth: Number of hidden layers, ≥ 0.
        batch_normalisation: Whether each hidden layer is batch normalised (and has no bias).
        seed: Seed of the weights, which are He uniform, in the last layer Glorot uniform.

    Returns:
        The network: (n, height, width, channels) float32 → (n, classes).
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
