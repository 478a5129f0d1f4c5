"""The check of a whole model's gradients: by its input, and by its weights."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from atelier.gradients.gradient_check import GradientCheck, check_gradient
from atelier.types import Array

INPUT, WEIGHTS = "input", "weights"


def random_inputs(
    model: keras.Model,
    count: int,
    *,
    shape: tuple[int, int, int] | None,
    limits: tuple[float, float],
    seed: int,
) -> Array:
    """Returns random images as a model takes them, with independent, uniform pixels.

    Args:
        model: Any Keras model of images.
        count: Number of images.
        shape: (height, width, channels), where the model leaves sizes free.
        limits: Least and largest value of a pixel.
        seed: Seed of the pixels.

    Returns:
        Images, (count, height, width, channels) float32.

    Raises:
        ValueError: If the model takes no images of floats, or leaves a size free that ``shape``
            does not name.
    """
    inputs = getattr(model, "inputs", None) or []
    fixed = tuple(inputs[0].shape[1:]) if inputs else (None, None, None)
    if len(inputs) > 1 or len(fixed) != 3 or (inputs and "float" not in str(inputs[0].dtype)):
        raise ValueError(
            "Expected a model of one input of images, (n, height, width, channels) of floats. "
            f"Received: {[(tuple(item.shape), str(item.dtype)) for item in inputs]}"
        )
    sizes = tuple(size or default for size, default in zip(fixed, shape or fixed, strict=True))
    if None in sizes:
        raise ValueError(
            "Expected model.gradients.shape=[height, width, channels] for a model of free sizes. "
            f"Received: {sizes}"
        )
    pixels = np.random.default_rng(seed).uniform(*limits, (count, *sizes))
    return np.asarray(pixels, np.float32)


def check_model_gradient(
    model: keras.Model, images: Array, *, directions: int, seed: int
) -> pd.DataFrame:
    """Compares a model's automatic gradients with numerical ones, by its input and its weights.

    The function is the mean over the images of a random combination of the model's outputs. Its
    weights are restored.

    Args:
        model: Any Keras model of images.
        images: The point, as the model takes them, (n, height, width, channels) float32.
        directions: Number of random directions.
        seed: Seed of the directions and of the combination.

    Returns:
        A row for each direction: ``by`` (``input`` or ``weights``), ``automatic``, ``numerical``,
        ``uncertainty`` of the latter, ``error``, what exceeds it relative to the derivative's size.

    Raises:
        ValueError: If a gradient is missing, or the model draws random numbers (see
            :func:`atelier.gradients.check_gradient`).

    Examples:
        >>> keras.utils.set_random_seed(0)
        >>> model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(),
        ...                           keras.layers.Dense(3, activation="tanh")])
        >>> images = np.random.default_rng(0).uniform(size=(1, 2, 2, 1)).astype(np.float32)
        >>> table = check_model_gradient(model, images, directions=3, seed=0)
        >>> bool(table["error"].max() < 1e-3)
        True
    """
    outputs = keras.tree.flatten(model(tf.constant(images), training=False))
    if not outputs[0].dtype.is_floating:
        raise ValueError(f"Expected a model whose output is floats. Received: {outputs[0].dtype}")
    combination = np.random.default_rng(seed).normal(size=outputs[0].shape[1:])
    factors = tf.constant(combination / np.sqrt(combination.size), outputs[0].dtype)

    def combined(values: Any, *_weights: Any) -> Any:
        output = keras.tree.flatten(model(values, training=False))[0]
        return tf.reduce_sum(tf.reduce_mean(output, axis=0) * factors)

    rows = _rows(INPUT, _check(combined, [tf.Variable(images)], directions, seed))
    weights = list(model.trainable_variables)
    if weights:
        fixed = tf.constant(images)
        rows += _rows(
            WEIGHTS, _check(lambda *values: combined(fixed, *values), weights, directions, seed)
        )
    return pd.DataFrame(rows)


def _check(
    function: Callable[..., Any], point: list[Any], directions: int, seed: int
) -> GradientCheck:
    return check_gradient(function, point, directions=directions, seed=seed)


def _rows(by: str, check: GradientCheck) -> list[dict[str, Any]]:
    columns = zip(check.automatic, check.numerical, check.uncertainty, check.scale, strict=True)
    return [
        {
            "by": by,
            "automatic": float(automatic),
            "numerical": float(numerical),
            "uncertainty": float(uncertainty),
            "error": GradientCheck(
                *(np.array([x]) for x in (automatic, numerical, uncertainty, scale))
            ).error,
        }
        for automatic, numerical, uncertainty, scale in columns
    ]
