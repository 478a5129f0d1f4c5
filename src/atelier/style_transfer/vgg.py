"""The convolutions of VGG16 (Simonyan & Zisserman 2014) as a feature extractor."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from atelier.data.pictures import resize_longer_side, to_rgb
from atelier.data.vgg_weights import WIDTHS, VggWeights
from atelier.style_transfer.params import Padding, Pooling, TransferParams
from atelier.types import Array, Arrays

LAYERS = tuple(WIDTHS)
POOLING_BEFORE = {"conv2_1": "pool1", "conv3_1": "pool2", "conv4_1": "pool3", "conv5_1": "pool4"}
"""Name of the pooling layer before the first layer of each block but the first."""
MEAN_BGR = (103.939, 116.779, 123.68)
"""Mean of each channel that is subtracted, in grey levels of 0 … 255."""
MIN_ACTIVATION = 0.1
"""Least mean activation by which a filter is scaled, as a share of its layer's mean."""
REFERENCE_SIDE = 256
"""Longer side of the photographs over which activations are averaged, pixels."""


def to_vgg(rgb: Array) -> Array:
    """Converts RGB, 0 … 255, to the network's input: BGR less its mean, float32."""
    return np.asarray(rgb, np.float32)[..., ::-1] - np.array(MEAN_BGR, np.float32)


def from_vgg(image: Array) -> Array:
    """Converts the network's input to RGB, float32; values may lie outside 0 … 255."""
    return np.asarray((image + np.array(MEAN_BGR, np.float32))[..., ::-1], np.float32)


def vgg16_features(
    weights: Arrays, outputs: Sequence[str], *, pooling: Pooling, padding: Padding
) -> keras.Model:
    """Builds a frozen network from images to the rectified outputs of the named layers.

    It is as deep as the deepest of them, and takes images of any size from 16 pixels.

    VGG16 was trained with a border of zeros around the maps of each layer. An image that is
    optimised learns to cancel that border, by bright spots along its edges; with copies of the
    outermost pixels there is nothing to cancel, and a constant image has constant maps.

    Args:
        weights: ``<layer>.kernel``, (3, 3, in, out), and ``<layer>.bias``, (out,), of each layer.
        outputs: Names out of :data:`LAYERS`, in the order of the outputs.
        pooling: Pooling between blocks; Gatys et al. recommend the average.
        padding: Border of one pixel around the input of each convolution: ``zeros`` as VGG16 was
            trained, or ``replicate``, copies of the outermost pixels.

    Returns:
        A model from (n, height, width, 3), as :func:`to_vgg` converts them, to feature maps.

    Raises:
        ValueError: If a layer's name is unknown.
    """
    _check_names(outputs)
    deepest = max(LAYERS.index(name) for name in outputs)
    pool = layers.AveragePooling2D if pooling == "average" else layers.MaxPooling2D
    border = "same" if padding == "zeros" else "valid"
    x = inputs = keras.Input((None, None, 3), name="bgr")
    tensors = {}
    for name in LAYERS[: deepest + 1]:
        if name in POOLING_BEFORE:
            x = pool(2, name=POOLING_BEFORE[name])(x)
        if padding == "replicate":
            x = _replicate_border(x)
        x = layers.Conv2D(WIDTHS[name], 3, padding=border, activation="relu", name=name)(x)
        tensors[name] = x
    model = keras.Model(inputs, [tensors[name] for name in outputs], name="vgg16")
    for name in tensors:
        model.get_layer(name).set_weights([weights[f"{name}.kernel"], weights[f"{name}.bias"]])
    model.trainable = False
    return model


def _replicate_border(maps: Any) -> Any:
    """Adds a copy of the outermost pixels at each edge: of width 1, it is the mirror image."""
    return ops.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")


def _check_names(names: Iterable[str]) -> None:
    unknown = sorted(set(names) - set(LAYERS))
    if unknown:
        raise ValueError(f"Expected layers out of {', '.join(LAYERS)}. Received: {unknown}")


def normalize_activations(
    weights: Arrays, pictures: Iterable[Array], *, pooling: Pooling, padding: Padding
) -> Arrays:
    """Scales every filter so that its mean activation over the pictures is 1.

    Rectification and pooling commute with a positive factor, so that only the scale of each
    feature map changes (Gatys et al. 2016, section 2). Filters that are hardly active on so few
    pictures are scaled as if they had a tenth of their layer's mean, so that no rare feature
    outweighs all others.

    Args:
        weights: As :func:`vgg16_features` takes them.
        pictures: RGB, (height, width, 3) each, 0 … 255.
        pooling: Pooling of the network.
        padding: Padding of the network.

    Returns:
        Weights of the same names and shapes.
    """
    network = vgg16_features(weights, LAYERS, pooling=pooling, padding=padding)
    sums = [np.zeros(WIDTHS[name]) for name in LAYERS]
    positions = np.zeros(len(LAYERS))
    for picture in pictures:
        for index, maps in enumerate(network(to_vgg(picture)[None])):
            sums[index] += np.asarray(maps).sum(axis=(0, 1, 2), dtype=np.float64)
            positions[index] += maps.shape[1] * maps.shape[2]
    scaled: dict[str, Array] = {}
    input_means = np.ones(3)
    for name, total, count in zip(LAYERS, sums, positions, strict=True):
        mean = np.maximum(total / count, MIN_ACTIVATION * total.mean() / count)
        kernel, bias = weights[f"{name}.kernel"], weights[f"{name}.bias"]
        scaled[f"{name}.kernel"] = (kernel * input_means[:, None] / mean).astype(np.float32)
        scaled[f"{name}.bias"] = (bias / mean).astype(np.float32)
        input_means = mean
    return scaled


def transfer_weights(
    vgg_weights: VggWeights, photographs: Mapping[str, Array], params: TransferParams
) -> Arrays:
    """Returns the weights of a transfer's network, normalised if the parameters say so.

    Args:
        vgg_weights: Weights of VGG16.
        photographs: Pictures of any mode and size over which activations are averaged.
        params: ``normalised``, ``pooling`` and ``padding`` matter.

    Returns:
        ``<layer>.kernel`` and ``<layer>.bias`` of each layer.
    """
    if not params.normalised:
        return vgg_weights.weights
    pictures = [
        resize_longer_side(to_rgb(photograph), REFERENCE_SIDE)
        for photograph in photographs.values()
    ]
    return normalize_activations(
        vgg_weights.weights, pictures, pooling=params.pooling, padding=params.padding
    )
