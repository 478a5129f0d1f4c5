"""VGG16's convolutions (Simonyan & Zisserman 2014), for what their layers see in a picture."""

from collections.abc import Iterable, Sequence
from typing import Literal

import keras
import numpy as np
from keras import layers

from atelier.data.vgg_weights import WIDTHS
from atelier.types import Array, Arrays

LAYERS = tuple(WIDTHS)
MEAN_BGR = (103.939, 116.779, 123.68)
"""What is taken off each channel, in grey levels of 0 … 255."""
RARE = 0.1
"""Least mean activation that a filter is given, as a share of its layer's."""
Pooling = Literal["average", "max"]


def to_vgg(rgb: Array) -> Array:
    """An RGB picture, 0 … 255, as the network takes it: BGR less its mean, float32."""
    return np.asarray(rgb, np.float32)[..., ::-1] - np.array(MEAN_BGR, np.float32)


def from_vgg(image: Array) -> Array:
    """What the network takes as an RGB picture, 0 … 255 and what lies beyond, float32."""
    return np.asarray((image + np.array(MEAN_BGR, np.float32))[..., ::-1], np.float32)


def vgg16_features(weights: Arrays, outputs: Sequence[str], *, pooling: Pooling) -> keras.Model:
    """A frozen network from pictures to the rectified outputs of the named layers, in that order.

    Built as deep as the deepest of them; pictures of any size from 16 pixels.

    Args:
        weights: ``<layer>.kernel`` (3, 3, in, out) and ``<layer>.bias`` (out,) of each layer.
        outputs: Names out of :data:`LAYERS`.
        pooling: What stands between blocks; Gatys et al. find the average smoother.
    """
    _known(outputs)
    deepest = max(LAYERS.index(name) for name in outputs)
    x = inputs = keras.Input((None, None, 3), name="bgr")
    seen = {}
    for name in LAYERS[: deepest + 1]:
        if name.endswith("_1") and name != "conv1_1":
            kind = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}[pooling]
            x = kind(2, name=f"pool{int(name[4]) - 1}")(x)
        x = layers.Conv2D(WIDTHS[name], 3, padding="same", activation="relu", name=name)(x)
        seen[name] = x
    model = keras.Model(inputs, [seen[name] for name in outputs], name="vgg16")
    for name in seen:
        model.get_layer(name).set_weights([weights[f"{name}.kernel"], weights[f"{name}.bias"]])
    model.trainable = False
    return model


def _known(names: Iterable[str]) -> None:
    unknown = sorted(set(names) - set(LAYERS))
    if unknown:
        raise ValueError(f"Expected layers out of {', '.join(LAYERS)}. Received: {unknown}")


def normalised(weights: Arrays, pictures: Iterable[Array], *, pooling: Pooling) -> Arrays:
    """The same network with every filter's mean activation over the pictures scaled to 1.

    Rectification and pooling pass a positive factor on, so nothing but the scale of each feature
    map changes (Gatys et al. 2016, section 2). Filters that hardly fire on so few pictures are
    scaled as if they had a tenth of their layer's mean: else one rare feature outweighs all.

    Args:
        weights: As :func:`vgg16_features` takes them.
        pictures: RGB, (height, width, 3), 0 … 255.
        pooling: The pooling that the network will have.
    """
    network = vgg16_features(weights, LAYERS, pooling=pooling)
    sums = [np.zeros(WIDTHS[name]) for name in LAYERS]
    positions = np.zeros(len(LAYERS))
    for picture in pictures:
        for index, maps in enumerate(network(to_vgg(picture)[None])):
            sums[index] += np.asarray(maps).sum(axis=(0, 1, 2), dtype=np.float64)
            positions[index] += maps.shape[1] * maps.shape[2]
    scaled: dict[str, Array] = {}
    before = np.ones(3)
    for name, total, count in zip(LAYERS, sums, positions, strict=True):
        mean = np.maximum(total / count, RARE * total.mean() / count)
        kernel, bias = weights[f"{name}.kernel"], weights[f"{name}.bias"]
        scaled[f"{name}.kernel"] = (kernel * before[:, None] / mean).astype(np.float32)
        scaled[f"{name}.bias"] = (bias / mean).astype(np.float32)
        before = mean
    return scaled
