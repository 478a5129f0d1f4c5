"""Ascents of all classes by several presets, and of the first channels of all convolutions."""

import keras
import numpy as np

from atelier.activation_maximization.ascent import GradientAscent, maximize
from atelier.activation_maximization.feature_maps import FeatureMaps
from atelier.activation_maximization.params import AscentPresetsParams
from atelier.activation_maximization.starts import initial_images
from atelier.types import Array


def maximize_presets(
    model: keras.Model, classes: int, params: AscentPresetsParams
) -> dict[str, Array]:
    """Maximizes every class by every preset.

    Args:
        model: Takes images in [0, 1], (n, height, width, channels), and returns logits.
        classes: Number of classes.
        params: Presets, start and number of frames.

    Returns:
        A table with a row for each preset: ``preset``, ``start`` and ``draw``, (presets,), and
        ``images``, (presets, classes, height, width, channels); beside it the ``frames`` of the
        last preset, (pictures, classes, height, width, channels).
    """
    ascent = GradientAscent(FeatureMaps(model))
    starts = initial_images(params.start, classes, ascent.maps.shape, seed=params.seed)
    results = [
        ascent.maximize(
            starts, np.arange(classes), preset, pictures=params.pictures, seed=params.seed
        )
        for preset in params.presets.values()
    ]
    return {
        "preset": np.array(list(params.presets)),
        "start": np.array([params.start] * len(results)),
        "draw": np.zeros(len(results), np.int64),
        "images": np.stack([result.images for result in results]),
        "frames": results[-1].frames,
    }


def maximize_layers(model: keras.Model, params: AscentPresetsParams) -> dict[str, Array]:
    """Maximizes the first channels of every convolution by the last preset.

    Args:
        model: A functional or sequential model of images.
        params: Presets, start and number of channels.

    Returns:
        Images by the layer's name, (channels, height, width, channels of the image).
    """
    preset = list(params.presets.values())[-1]
    starts = initial_images(params.start, params.layers, model.input_shape[1:], seed=params.seed)
    units = np.arange(params.layers)
    return {
        layer.name: maximize(model, starts, units, preset, layer=layer.name, seed=params.seed)
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D) and layer.filters >= params.layers
    }
