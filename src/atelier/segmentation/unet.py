"""U-Net (Ronneberger, Fischer & Brox 2015, fig. 1): a contracting and an expansive path."""

from typing import Any

import keras
import numpy as np
from keras import layers

from atelier.segmentation.unet_shapes import Padding, crop_width


def unet_network(
    *,
    filters: int = 64,
    depth: int = 4,
    padding: Padding = "valid",
    classes: int = 2,
    channels: int = 1,
    dropout: float = 0.0,
    seed: int | None = None,
) -> keras.Model:
    """Builds an untrained U-Net.

    The defaults are the published network: valid convolutions, cropped skip connections, 388 pixels
    for 572, 31,030,658 parameters. With ``padding="same"`` the output has the input's size.
    :mod:`atelier.segmentation.unet_shapes` computes which sides fit, and the margin that an output
    pixel depends on.

    Args:
        filters: Of the first level; each level further down has twice as many.
        depth: Number of poolings.
        padding: Of the convolutions.
        classes: Number of classes of a pixel.
        channels: Of the image.
        dropout: Share of units dropped at the end of the contracting path, in [0, 1).
        seed: Of the initial weights (He et al. 2015) and of dropout.

    Returns:
        A model that takes images, (n, height, width, channels), of any size that fits, and returns
        logits, (n, output height, output width, classes).

    Raises:
        ValueError: ``depth`` or ``filters`` is below 1.

    Examples:
        >>> from atelier.segmentation import unet_network
        >>> unet_network(filters=2, depth=1, padding="same").output_shape
        (None, None, None, 2)
    """
    if depth < 1 or filters < 1:
        raise ValueError(f"Expected depth and filters from 1. Received: {depth}, {filters}")
    rng = np.random.default_rng(seed)
    image = x = keras.Input((None, None, channels))
    skips = []
    for level in range(depth):
        x = _two_convolutions(x, filters << level, padding, rng)
        skips.append(layers.Dropout(dropout, seed=seed)(x) if level == depth - 1 else x)
        x = layers.MaxPooling2D()(skips[-1])
    x = _two_convolutions(x, filters << depth, padding, rng)
    x = layers.Dropout(dropout, seed=seed)(x)
    for level in reversed(range(depth)):
        x = layers.Conv2DTranspose(
            filters << level, 2, strides=2, kernel_initializer=_he_normal(rng)
        )(x)
        edge = crop_width(depth, level) if padding == "valid" else 0
        skip = layers.Cropping2D(edge)(skips[level]) if edge else skips[level]
        x = _two_convolutions(layers.Concatenate()([skip, x]), filters << level, padding, rng)
    logits = layers.Conv2D(classes, 1, kernel_initializer=_he_normal(rng))(x)
    return keras.Model(image, logits, name=f"unet_{filters}_{depth}_{padding}")


def _two_convolutions(x: Any, filters: int, padding: Padding, rng: np.random.Generator) -> Any:
    for _ in range(2):
        x = layers.Conv2D(
            filters, 3, padding=padding, activation="relu", kernel_initializer=_he_normal(rng)
        )(x)
    return x


def _he_normal(rng: np.random.Generator) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=int(rng.integers(2**31)))
