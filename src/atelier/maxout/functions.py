"""What one maxout unit can learn: functions of one variable (Goodfellow et al. 2013, fig. 1)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from atelier.maxout.networks import Maxout
from atelier.training.steps import gradient_step
from atelier.types import Array


def rectify(x: Array) -> Array:
    """Returns max(0, x), element by element."""
    return np.maximum(x, 0)


TARGETS: dict[str, Callable[[Array], Array]] = {
    "absolute": np.abs,
    "relu": rectify,
    "square": np.square,
}
"""Functions that a unit is fitted to, by name."""


class FunctionFit(NamedTuple):
    """One maxout unit fitted to each of `TARGETS`."""

    x: Array
    """(points,)."""
    targets: Array
    """(points, functions)."""
    outputs: Array
    """(points, functions): the largest piece."""
    pieces: Array
    """(points, functions, pieces): each a straight line."""


def fit_functions(*, pieces: int, steps: int, seed: int) -> FunctionFit:
    """Fits one maxout unit of a single input to each of `TARGETS` over [−2, 2].

    Args:
        pieces: Straight lines of each unit.
        steps: Of Adam with rate 0.05, on all points at once.
        seed: Of the first weights, normal with deviation 1.

    Returns:
        The points, the targets, and what the units make of the points.
    """
    x = np.linspace(-2, 2, 201, dtype=np.float32)[:, None]
    targets = np.concatenate([function(x) for function in TARGETS.values()], axis=1)
    start = keras.initializers.RandomNormal(stddev=1.0, seed=seed)
    lines = layers.Dense(len(TARGETS) * pieces, kernel_initializer=start)
    units = Maxout(len(TARGETS))
    lines.build((None, 1))
    _minimize_squared_error(lines, units, tf.constant(x), tf.constant(targets), steps)
    values = np.asarray(lines(x))
    outputs = np.asarray(units(values))
    return FunctionFit(x[:, 0], targets, outputs, values.reshape(len(x), len(TARGETS), pieces))


def _minimize_squared_error(lines: Any, units: Any, x: Any, targets: Any, steps: int) -> None:
    optimizer = keras.optimizers.Adam(0.05)
    optimizer.build(lines.trainable_variables)

    @tf.function
    def minimize(x: Any, targets: Any) -> None:
        for _ in tf.range(steps):
            gradient_step(
                lambda: tf.reduce_mean((units(lines(x)) - targets) ** 2),
                lines.trainable_variables,
                optimizer,
            )

    minimize(x, targets)
