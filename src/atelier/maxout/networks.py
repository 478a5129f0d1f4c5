"""Maxout (Goodfellow et al. 2013): a unit that answers with the largest of several pieces."""

import math
from fractions import Fraction
from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("atelier")
class Maxout(layers.Layer):
    """The maximum over groups of neighbouring features (their eq. 1).

    Of k·units features along ``axis``, unit u gets the maximum of features u·k … u·k + k − 1.

    Raises:
        ValueError: The number of features is not a multiple of ``units``.
    """

    def __init__(self, units: int, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        if units < 1:
            raise ValueError(f"Expected at least one unit. Received: units={units}")
        self.units, self.axis = units, axis

    def _place(self, shape: tuple[int | None, ...]) -> int:
        place = self.axis % len(shape)
        features = shape[place]
        if features is None or features % self.units:
            raise ValueError(
                f"number of features({features}) is not a multiple of num_units({self.units})"
            )
        return place

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with ``units`` features."""
        place = self._place(input_shape)
        return (*input_shape[:place], self.units, *input_shape[place + 1 :])

    def call(self, inputs: Any) -> Any:
        """The largest of each group."""
        place = self._place(inputs.shape)
        shape = ops.shape(inputs)
        pieces = inputs.shape[place] // self.units
        split = (*shape[:place], self.units, pieces, *shape[place + 1 :])
        return ops.max(ops.reshape(inputs, split), axis=place + 1)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made again from."""
        return super().get_config() | {"units": self.units, "axis": self.axis}


def dense_maxout(
    classes: int,
    *,
    shape: tuple[int, int, int],
    units: int,
    pieces: int,
    depth: int = 2,
    input_drop: float = 0.0,
    hidden_drop: float = 0.0,
    max_norm: float | None = None,
    spread: float | None = None,
    seed: int = 0,
) -> keras.Model:
    """The permutation-invariant network of § 5.1, untrained: images in [0, 1] in, logits out.

    ``depth`` layers of ``units`` maxout units of ``pieces`` pieces each; one piece is ReLU, of
    which maxout is the rival. ``max_norm`` bounds the norm of the weights into each feature;
    weights start uniform within ``spread``, or by Glorot's rule.
    """
    bound = keras.constraints.MaxNorm(max_norm, axis=0) if max_norm else None

    def dense(width: int, layer: int) -> layers.Dense:
        place = 1000 * seed + layer
        start = keras.initializers.GlorotUniform(seed=place)
        if spread is not None:
            start = keras.initializers.RandomUniform(-spread, spread, seed=place)
        return layers.Dense(width, kernel_initializer=start, kernel_constraint=bound)

    image = keras.Input(shape)
    x = layers.Dropout(input_drop, seed=1000 * seed + 500)(layers.Flatten()(image))
    for layer in range(depth):
        x = dense(units * pieces, layer)(x)
        x = Maxout(units)(x) if pieces > 1 else layers.ReLU()(x)
        x = layers.Dropout(hidden_drop, seed=1000 * seed + 501 + layer)(x)
    return keras.Model(image, dense(classes, depth)(x), name="maxout" if pieces > 1 else "relu")


def convolutional_maxout(
    classes: int,
    *,
    shape: tuple[int, int, int],
    filters: tuple[int, ...],
    pieces: int,
    input_drop: float = 0.0,
    hidden_drop: float = 0.0,
    max_norm: float | None = None,
    seed: int = 0,
) -> keras.Model:
    """The convolutional network of § 5.1, untrained: images in [0, 1] in, logits out.

    Each stage is a 5×5 convolution of filters·pieces maps, maxout over the pieces, 2×2 max pooling
    and dropout; ``max_norm`` bounds the norm of each filter.
    """
    bound = keras.constraints.MaxNorm(max_norm, axis=(0, 1, 2)) if max_norm else None
    last = keras.constraints.MaxNorm(max_norm, axis=0) if max_norm else None
    image = keras.Input(shape)
    x = layers.Dropout(input_drop, seed=1000 * seed + 500)(image)
    for stage, maps in enumerate(filters):
        start = keras.initializers.HeUniform(seed=1000 * seed + stage)
        x = layers.Conv2D(
            maps * pieces, 5, padding="same", kernel_initializer=start, kernel_constraint=bound
        )(x)
        x = layers.MaxPooling2D()(Maxout(maps)(x))
        x = layers.Dropout(hidden_drop, seed=1000 * seed + 501 + stage)(x)
    start = keras.initializers.GlorotUniform(seed=1000 * seed + len(filters))
    logits = layers.Dense(classes, kernel_initializer=start, kernel_constraint=last)
    return keras.Model(image, logits(layers.Flatten()(x)), name="convolutional_maxout")


def rectified_width(network: keras.Model, *, shape: tuple[int, int, int], classes: int) -> int:
    """Units of a two-layer ReLU network with as many parameters as ``network``, as near as can be.

    inputs·w + w + w·w + w + w·classes + classes parameters, solved for w.
    """
    inputs = shape[0] * shape[1] * shape[2]
    linear, constant = inputs + 2 + classes, classes - network.count_params()
    square = linear**2 - 4 * constant
    root = math.isqrt(square)
    between = int(root**2 < square)  # no half lies between root and root + 1, so ½ is as good
    return round(Fraction(2 * (root - linear) + between, 4))
