"""Convolutional networks that classify digits and characters."""

import random
from collections.abc import Iterator

import keras
from keras import layers

from atelier.training.params import NetworkParams

LEAST_SIDE = {"post": 6, "strong": 24}
"""Smallest height and width by architecture, which leave one position before the dense layer."""


def build_classifier(
    network: NetworkParams,
    classes: int,
    *,
    seed: int,
    shape: tuple[int, int, int] = (28, 28, 1),
) -> keras.Model:
    """Builds the network that the parameters name, untrained.

    Args:
        network: Architecture and dropout.
        classes: Number of logits.
        seed: Of the first weights and the dropout masks.
        shape: Of an image: height, width, channels.

    Returns:
        A model that takes images in [0, 1] and returns logits (n, classes).

    Raises:
        ValueError: If images are too small for the architecture.

    Examples:
        >>> from atelier.training import NetworkParams, build_classifier
        >>> network = NetworkParams(architecture="post", dropout=0.5)
        >>> build_classifier(network, classes=10, seed=0).count_params()
        1199882
    """
    least = LEAST_SIDE[network.architecture]
    if min(shape[:2]) < least:
        raise ValueError(
            f"Expected images of at least {least}×{least} pixels for architecture="
            f"{network.architecture}. Received: {shape[0]}×{shape[1]}; enlarge them (--params "
            "side=28), or take architecture: post"
        )
    build = two_layer_cnn if network.architecture == "post" else five_layer_cnn
    return build(classes, shape=shape, dropout=network.dropout, seed=seed)


def two_layer_cnn(
    classes: int, *, shape: tuple[int, int, int], dropout: float, seed: int = 0
) -> keras.Model:
    """Builds two 3×3 convolutions, max pooling, 128 hidden units and logits, untrained.

    The network of the post "Dropout explained and implementation in Tensorflow"
    (laid.delanover.com), architecture ``post``: 1,199,882 parameters for 28×28×1 images
    and 10 classes. Weights start he_uniform, biases at 0.

    Args:
        classes: Number of logits.
        shape: Of an image: height, width, channels.
        dropout: Share of the flattened features that is dropped, in [0, 1).
        seed: Of the first weights and the dropout masks.

    Returns:
        A model that takes images in [0, 1] and returns logits (n, classes).
    """
    seeds = layer_seeds(seed)
    image = x = keras.Input(shape)
    x = layers.Conv2D(32, 3, activation="relu", kernel_initializer=_he_uniform(seeds))(x)
    x = layers.Conv2D(64, 3, activation="relu", kernel_initializer=_he_uniform(seeds))(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)  # (n, 9216)
    x = _dropout(dropout, seeds)(x)
    x = layers.Dense(128, activation="relu", kernel_initializer=_he_uniform(seeds))(x)
    logits = layers.Dense(classes, kernel_initializer=_he_uniform(seeds))(x)
    return keras.Model(image, logits, name="post")


def five_layer_cnn(
    classes: int, *, shape: tuple[int, int, int], dropout: float, seed: int = 0, width: int = 32
) -> keras.Model:
    """Builds five 3×3 convolutions with batch normalization and logits, untrained.

    144,938 parameters for 28×28×1 images and 10 classes (architecture ``strong``). Convolutions are
    valid, which costs less than half of padded ones here and gave no worse result: sides of 28, 26,
    24, then 12, 10, 8, then 4, 2 pixels.

    Args:
        classes: Number of logits.
        shape: Of an image: height, width, channels.
        dropout: Share of the flattened features that is dropped, in [0, 1).
        seed: Of the first weights and the dropout masks.
        width: Maps of the first two convolutions; the next two have twice, the last four times as
            many.

    Returns:
        A model that takes images in [0, 1] and returns logits (n, classes).
    """
    seeds = layer_seeds(seed)
    image = x = keras.Input(shape)
    for factor, pool in ((1, False), (1, True), (2, False), (2, True), (4, False)):
        start = _he_uniform(seeds)
        x = layers.Conv2D(factor * width, 3, use_bias=False, kernel_initializer=start)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x) if pool else x
    x = layers.Flatten()(x)  # (n, 512)
    x = _dropout(dropout, seeds)(x)
    start = keras.initializers.GlorotUniform(seed=next(seeds))
    return keras.Model(image, layers.Dense(classes, kernel_initializer=start)(x), name="strong")


def layer_seeds(seed: int) -> Iterator[int]:
    """Yields the seeds that Keras gives to layers after ``keras.utils.set_random_seed(seed)``.

    They come from a generator of their own; Keras draws them from Python's global one.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    while True:
        yield rng.randint(1, 10**9)


def _he_uniform(seeds: Iterator[int]) -> keras.initializers.Initializer:
    return keras.initializers.HeUniform(seed=next(seeds))


def _dropout(rate: float, seeds: Iterator[int]) -> layers.Dropout:
    return layers.Dropout(rate, seed=next(seeds) if rate > 0 else None)
