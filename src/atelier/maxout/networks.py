"""Maxout networks (Goodfellow et al. 2013): units that return the largest of several pieces."""

import functools
import math
from fractions import Fraction
from typing import Any

import keras
from keras import layers, ops

from atelier.maxout.params import ConvolutionalParams, PermutationInvariantParams


@keras.saving.register_keras_serializable("atelier")
class Maxout(layers.Layer):
    """The maximum over groups of neighbouring features (Goodfellow et al. 2013, eq. 1).

    Of k·units features along `axis`, unit u gets the maximum of the features u·k … u·k + k − 1.

    Args:
        units: Groups, at least 1; the number of features must be a multiple of it.
        axis: Of the features.
        **options: As for any Keras layer, such as ``name``.

    Raises:
        ValueError: If `units` is below 1, or the number of features is not a multiple of it.

    Examples:
        >>> import numpy as np
        >>> from atelier.maxout import Maxout
        >>> features = np.array([[1.0, 3.0, -2.0, -1.0, 0.5, 0.0]], np.float32)
        >>> np.asarray(Maxout(3)(features))
        array([[ 3. , -1. ,  0.5]], dtype=float32)
    """

    def __init__(self, units: int, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        if units < 1:
            raise ValueError(f"Expected at least one unit. Received: units={units}")
        self.units, self.axis = units, axis

    def _feature_axis(self, shape: tuple[int | None, ...]) -> int:
        axis = self.axis % len(shape)
        features = shape[axis]
        if features is None or features % self.units:
            raise ValueError(
                f"number of features({features}) is not a multiple of num_units({self.units})"
            )
        return axis

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the input's shape with `units` features."""
        axis = self._feature_axis(input_shape)
        return (*input_shape[:axis], self.units, *input_shape[axis + 1 :])

    def call(self, inputs: Any) -> Any:
        """Returns the largest feature of each group.

        The gradient of a maximum of two tensors costs a third of that of a maximum along an axis.
        """
        axis = self._feature_axis(inputs.shape)
        shape = ops.shape(inputs)
        pieces = inputs.shape[axis] // self.units
        grouped = ops.reshape(inputs, (*shape[:axis], self.units, pieces, *shape[axis + 1 :]))
        return functools.reduce(ops.maximum, ops.unstack(grouped, axis=axis + 1))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
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
    """Builds a dense network of maxout units, untrained (Goodfellow et al. 2013, § 5.1).

    Args:
        classes: Number of logits.
        shape: Of an image: height, width, channels.
        units: Of each layer.
        pieces: Of each unit; with one piece, units are ReLU instead.
        depth: Hidden layers.
        input_drop: Share of the pixels that is dropped, in [0, 1).
        hidden_drop: Share of the units that is dropped, in [0, 1).
        max_norm: Largest norm of the weights into each feature; none where not given.
        spread: Weights start uniform within ± this; by Glorot's rule where not given.
        seed: Of the first weights and the dropout masks.

    Returns:
        A model that takes images in [0, 1] and returns logits (n, classes).

    Examples:
        >>> from atelier.maxout import dense_maxout
        >>> model = dense_maxout(10, shape=(28, 28, 1), units=240, pieces=5)
        >>> model.count_params()
        1233610
    """
    bound = keras.constraints.MaxNorm(max_norm, axis=0) if max_norm else None

    def dense(width: int, layer: int) -> layers.Dense:
        layer_seed = 1000 * seed + layer
        start = keras.initializers.GlorotUniform(seed=layer_seed)
        if spread is not None:
            start = keras.initializers.RandomUniform(-spread, spread, seed=layer_seed)
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
    """Builds a convolutional network of maxout units, untrained (Goodfellow et al. 2013, § 5.1).

    Each stage is a 5×5 convolution of filters·pieces maps, maxout over the pieces, 2×2 max pooling
    and dropout.

    Args:
        classes: Number of logits.
        shape: Of an image: height, width, channels.
        filters: Maps of each stage.
        pieces: Of each map.
        input_drop: Share of the pixels that is dropped, in [0, 1).
        hidden_drop: Share of the maps' values that is dropped, in [0, 1).
        max_norm: Largest norm of each filter; none where not given.
        seed: Of the first weights and the dropout masks.

    Returns:
        A model that takes images in [0, 1] and returns logits (n, classes).
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
    """Returns the width of the two-layer ReLU network nearest in parameters to another network.

    Solves inputs·w + w + w·w + w + w·classes + classes = parameters for w, in whole numbers.

    Args:
        network: Whose number of parameters is matched.
        shape: Of an image: height, width, channels.
        classes: Number of logits.

    Returns:
        Units of each hidden layer.

    Examples:
        >>> from atelier.maxout import dense_maxout, rectified_width
        >>> network = dense_maxout(10, shape=(28, 28, 1), units=48, pieces=5)
        >>> rectified_width(network, shape=(28, 28, 1), classes=10)
        201
    """
    inputs = shape[0] * shape[1] * shape[2]
    linear, constant = inputs + 2 + classes, classes - network.count_params()
    square = linear**2 - 4 * constant
    root = math.isqrt(square)
    between = int(root**2 < square)  # no half lies between root and root + 1, so ½ is as good
    return round(Fraction(2 * (root - linear) + between, 4))


def permutation_invariant_network(
    params: PermutationInvariantParams, *, shape: tuple[int, int, int], classes: int
) -> keras.Model:
    """Builds the paper's network without a notion of neighbouring pixels, untrained.

    Args:
        params: Sizes, dropout and the seed.
        shape: Of an image: height, width, channels.
        classes: Number of logits.

    Returns:
        A model that takes images in [0, 1] and returns logits (n, classes).
    """
    return dense_maxout(
        classes,
        shape=shape,
        units=params.units,
        pieces=params.pieces,
        input_drop=params.input_drop,
        hidden_drop=params.hidden_drop,
        max_norm=params.max_norm,
        spread=params.spread,
        seed=params.descent.seed,
    )


def convolutional_network(
    params: ConvolutionalParams, *, shape: tuple[int, int, int], classes: int
) -> keras.Model:
    """Builds the paper's convolutional network, untrained.

    Args:
        params: Sizes, dropout and the seed.
        shape: Of an image: height, width, channels.
        classes: Number of logits.

    Returns:
        A model that takes images in [0, 1] and returns logits (n, classes).
    """
    return convolutional_maxout(
        classes,
        shape=shape,
        filters=params.filters,
        pieces=params.pieces,
        input_drop=params.input_drop,
        hidden_drop=params.hidden_drop,
        max_norm=params.max_norm,
        seed=params.training.seed,
    )
