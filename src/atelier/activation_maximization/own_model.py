"""Images of maximal activation of a model of others, whose input range and classes are stated."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
from scipy.special import softmax

from atelier.activation_maximization.ascent import AscentResult, GradientAscent
from atelier.activation_maximization.feature_maps import FeatureMaps
from atelier.activation_maximization.layers import find_layer, layers_by_path
from atelier.activation_maximization.parametrizations import mean_magnitudes, photograph_crops
from atelier.activation_maximization.params import AscentPresetsParams, ModelInputParams
from atelier.activation_maximization.starts import initial_images
from atelier.types import Array, Labels

logger = logging.getLogger(__name__)

SATURATING = ("softmax", "sigmoid")
"""Activations of an output whose gradient vanishes where the model is sure."""


class OwnModelAscent(NamedTuple):
    """Images that maximize the classes and the layers' channels of a model."""

    presets: dict[str, Array]
    """As of :func:`atelier.activation_maximization.maximize_presets`."""
    layers: dict[str, Array]
    """Images by the layer's path, (channels, height, width, channels of the image)."""
    table: pd.DataFrame
    """A row for each preset and class: the logit before and after, and what the model says."""


def maximize_own_model(
    model: keras.Model,
    params: AscentPresetsParams,
    source: ModelInputParams,
    photographs: Mapping[str, Array],
) -> OwnModelAscent:
    """Maximizes classes by every preset, and channels of convolutions by the last one.

    A last softmax or sigmoid is left out: the logits are maximized.

    Args:
        model: Any Keras model of images.
        params: Presets, start, and numbers of channels and frames.
        source: The model's input and its classes.
        photographs: Pictures of any mode and size, whose crops give the mean magnitudes of a preset
            with ``parametrization=phases``.

    Returns:
        The images, and a table of the classes' logits.

    Raises:
        ValueError: If the statements on input or classes do not fit the model.
    """
    _check_input(model, source)
    model = with_linear_output(model)
    maps = FeatureMaps(model, shape=source.shape, preprocess=preprocessing(source))
    names = unit_names(maps.units, source.classes)
    units = np.arange(min(source.units, maps.units))
    starts = initial_images(params.start, len(units), maps.shape, seed=params.seed)
    magnitudes = mean_magnitudes(photograph_crops(photographs.values(), maps.shape))
    ascent = GradientAscent(maps)
    results = {
        name: ascent.maximize(
            starts,
            units,
            preset,
            pictures=params.pictures,
            magnitudes=magnitudes,
            seed=params.seed,
        )
        for name, preset in params.presets.items()
    }
    last = list(results.values())[-1]
    arrays = {
        "preset": np.array(list(results)),
        "images": np.stack([result.images for result in results.values()]),
        "frames": last.frames,
        "classes": np.array([names[unit] for unit in units]),
    }
    layers = _maximize_layers(model, params, source, magnitudes)
    return OwnModelAscent(arrays, layers, _ascent_table(maps, results, units, names))


def preprocessing(source: ModelInputParams) -> Callable[[Any], Any]:
    """Returns the function from images in [0, 1], (…, channels), to the model's input.

    Examples:
        >>> import numpy as np
        >>> from atelier.activation_maximization import ModelInputParams
        >>> params = ModelInputParams(range=(-1, 1), channels="bgr", mean=(), deviation=(),
        ...                           shape=None, classes=None, units=10, depths=8, layers=None)
        >>> preprocessing(params)(np.array([0.0, 0.5, 1.0])).tolist()
        [1.0, 0.0, -1.0]
    """
    low, high = source.range

    def prepare(images: Any) -> Any:
        scaled = images * (high - low) + low
        if source.channels == "bgr":
            scaled = scaled[..., ::-1]
        if source.mean:
            scaled = scaled - np.array(source.mean, np.float32)
        return scaled / np.array(source.deviation, np.float32) if source.deviation else scaled

    return prepare


def with_linear_output(model: keras.Model) -> keras.Model:
    """Returns a model without its last softmax or sigmoid; the model itself may be changed."""
    outputs = getattr(model, "outputs", None)
    if not outputs:
        return model  # a subclassed model: its last layer is not known
    output = outputs[0]._keras_history.operation
    if isinstance(output, keras.layers.Softmax):
        logger.info("The last layer %s is left out: its logits are maximized", output.name)
        return keras.Model(model.input, output.input)
    while isinstance(output, keras.Model) and output.outputs:
        output = output.outputs[0]._keras_history.operation
    activation = getattr(output, "activation", None)
    if getattr(activation, "__name__", "") in SATURATING:
        logger.info("The %s of %s is left out", activation.__name__, output.name)  # type: ignore[union-attr]
        output.activation = keras.activations.linear
    return model


def unit_names(units: int, classes: Sequence[str] | None) -> list[str]:
    """Returns the names of a model's classes; their numbers where no names are given.

    Raises:
        ValueError: If there is not one name for each output.
    """
    if classes is not None and len(classes) != units:
        raise ValueError(
            f"Expected a name for each of the model's {units} outputs in model.input.classes. "
            f"Received: {len(classes)}"
        )
    return list(classes) if classes is not None else [str(unit) for unit in range(units)]


def convolutions(model: keras.Model, source: ModelInputParams) -> list[str]:
    """Returns the paths of the layers that are drawn: those that are named, or convolutions.

    Of more than ``source.depths`` convolutions as many are taken, evenly from first to last.

    Raises:
        ValueError: If a named layer does not exist.
    """
    if source.layers is not None:
        for path in source.layers:
            find_layer(model, path)
        return list(source.layers)
    paths = [
        path
        for path, layer in layers_by_path(model).items()
        if isinstance(layer, keras.layers.Conv2D)
    ]
    chosen = np.linspace(0, len(paths) - 1, min(source.depths, len(paths))).round().astype(int)
    return [paths[index] for index in chosen]


def _maximize_layers(
    model: keras.Model,
    params: AscentPresetsParams,
    source: ModelInputParams,
    magnitudes: Array,
) -> dict[str, Array]:
    preset = list(params.presets.values())[-1]
    images, shape = {}, magnitudes.shape
    for path in convolutions(model, source):
        maps = FeatureMaps(model, path, shape=shape, preprocess=preprocessing(source))
        units = np.arange(min(params.layers, maps.units))
        starts = initial_images(params.start, len(units), shape, seed=params.seed)
        ascent = GradientAscent(maps)
        images[path] = ascent.maximize(
            starts, units, preset, magnitudes=magnitudes, seed=params.seed
        ).images
    return images


def _ascent_table(
    maps: FeatureMaps, results: dict[str, AscentResult], units: Labels, names: Sequence[str]
) -> pd.DataFrame:
    rows = []
    for preset, result in results.items():
        outputs = np.asarray(maps(result.images))
        logits = outputs.reshape(len(outputs), -1, maps.units).mean(axis=1)
        probs = softmax(logits.astype(np.float64), axis=1)
        for row, unit in enumerate(units):
            rows.append(
                {
                    "preset": preset,
                    "class": names[unit],
                    "logit_at_start": float(result.activations[0, row]),
                    "logit": float(result.activations[-1, row]),
                    "probability": float(probs[row, unit]),
                    "predicted": names[int(logits[row].argmax())],
                }
            )
    return pd.DataFrame(rows)


def _check_input(model: keras.Model, source: ModelInputParams) -> None:
    """Raises a ValueError if shape, mean or deviation do not fit the model's input."""
    inputs = getattr(model, "inputs", None) or []
    fixed = tuple(inputs[0].shape[1:]) if inputs else (None, None, None)
    sizes = tuple(
        size or default for size, default in zip(fixed, source.shape or fixed, strict=False)
    )
    if None in sizes:
        raise ValueError(
            "Expected model.input.shape=[height, width, channels] for a model of free sizes. "
            f"Received: {sizes}"
        )
    for name, values in (("mean", source.mean), ("deviation", source.deviation)):
        if len(values) not in (0, 1, sizes[-1]):
            raise ValueError(
                f"Expected model.input.{name} with 1 or {sizes[-1]} values, one for each "
                f"channel. Received: {len(values)}"
            )
