"""U-Net (Ronneberger, Fischer & Brox 2015, fig. 1): a contracting and an expansive path."""

from typing import Any

import keras
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
    """The network, untrained: images of any size that fits, (n, height, width, channels), in.

    Out come logits, (n, height', width', classes). As published (the defaults) the convolutions
    are valid, what crosses over is cropped, 572 pixels give 388, and 31,030,658 parameters learn.
    With ``padding="same"`` the output has the input's size. :mod:`atelier.segmentation.unet_shapes`
    says which sides fit, and how many pixels at each edge an output pixel can see.

    Args:
        filters: Of the first level; each level further down has twice as many.
        depth: Poolings.
        padding: Of the convolutions.
        classes: Of pixels.
        channels: Of the image.
        dropout: Share that is dropped at the end of the contracting path.
        seed: Of the first weights (He et al. 2015) and of the dropped units.

    Raises:
        ValueError: ``depth`` or ``filters`` is below 1.
    """
    if depth < 1 or filters < 1:
        raise ValueError(f"Expected depth and filters from 1. Received: {depth}, {filters}")
    seeds = keras.random.SeedGenerator(seed)
    image = x = keras.Input((None, None, channels))
    crossing = []
    for level in range(depth):
        x = _two_convolutions(x, filters << level, padding, seeds)
        crossing.append(layers.Dropout(dropout, seed=seed)(x) if level == depth - 1 else x)
        x = layers.MaxPooling2D()(crossing[-1])
    x = _two_convolutions(x, filters << depth, padding, seeds)
    x = layers.Dropout(dropout, seed=seed)(x)
    for level in reversed(range(depth)):
        x = layers.Conv2DTranspose(
            filters << level, 2, strides=2, kernel_initializer=_he_normal(seeds)
        )(x)
        edge = crop_width(depth, level) if padding == "valid" else 0
        crossed = layers.Cropping2D(edge)(crossing[level]) if edge else crossing[level]
        x = _two_convolutions(layers.Concatenate()([crossed, x]), filters << level, padding, seeds)
    logits = layers.Conv2D(classes, 1, kernel_initializer=_he_normal(seeds))(x)
    return keras.Model(image, logits, name=f"unet_{filters}_{depth}_{padding}")


def _two_convolutions(x: Any, filters: int, padding: Padding, seeds: Any) -> Any:
    for _ in range(2):
        x = layers.Conv2D(
            filters, 3, padding=padding, activation="relu", kernel_initializer=_he_normal(seeds)
        )(x)
    return x


def _he_normal(seeds: Any) -> keras.initializers.Initializer:
    return keras.initializers.HeNormal(seed=int(seeds.next()[1]) % 2**31)
