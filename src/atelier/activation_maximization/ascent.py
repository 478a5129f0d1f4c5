"""Regularised gradient ascent of an image on the activation of a unit of any layer."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from atelier.activation_maximization.diversity import pairwise_similarity
from atelier.activation_maximization.feature_maps import FeatureMaps
from atelier.activation_maximization.parametrizations import (
    Parametrization,
    build_parametrization,
)
from atelier.activation_maximization.params import AscentParams
from atelier.types import Array, Labels


class AscentResult(NamedTuple):
    """Images at the end of an ascent, and at regular steps of it."""

    images: Array
    """(n, height, width, channels) float32."""
    frames: Array
    """Images at regular steps, from the start on, (pictures, n, height, width, channels)."""
    activations: Array
    """Activation of each image's unit at each frame, (pictures, n)."""


class GradientAscent:
    """Maximizes the activations of units by regularised gradient ascent of the image.

    A step is ``x + rate · (g / rms(g) - l2 · x + variation · Δx)``, where g is the gradient of the
    unit at the image shifted by a random number of pixels and Δ is the sum of the neighbours less
    four times the pixel. The blur and the limits follow. Decay and blur are those of Yosinski et
    al. (2015), the total variation that of Mahendran & Vedaldi (2015, with β = 2), the jitter that
    of Mordvintsev, Olah & Tyka (2015).

    A unit of a layer with positions is a channel (the last axis), averaged over all positions. The
    similarity of the images to each other is subtracted with the weight of ``diversity``.

    With another parametrization x are its parameters; g is their gradient, and decay, total
    variation, blur and limits, which are for pixels, are absent.

    Args:
        maps: The model up to the layer whose units are maximized.
    """

    def __init__(self, maps: FeatureMaps) -> None:
        self.maps = maps
        self._compiled_ascent = tf.function(self._ascend, reduce_retracing=True)
        self._compiled_activations = tf.function(self._activations, reduce_retracing=True)

    def activations(self, images: Any, units: Any) -> Any:
        """Returns the activation of unit i at image i, (n,)."""
        return self._compiled_activations(tf.cast(images, tf.float32), tf.convert_to_tensor(units))

    def _activations(self, images: Any, units: Any) -> Any:
        return self._unit_values(self.maps(images), units)

    def _unit_values(self, maps: Any, units: Any) -> Any:
        if len(maps.shape) > 2:
            maps = tf.reduce_mean(maps, axis=tuple(range(1, len(maps.shape) - 1)))
        return tf.gather(maps, units, axis=1, batch_dims=1)

    def _ascend(
        self,
        parameters: Any,
        units: Any,
        schedule: tuple[Any, Any, Any],
        weights: Any,
        kernel: Any,
        parametrization: Parametrization,
        *,
        is_diverse: bool,
    ) -> Any:
        """Makes a step for each shift, rate and blur of the schedule.

        ``weights``: l2, variation, lower and upper limit, diversity.
        """
        shifts, rates, blurs = schedule
        for step in tf.range(tf.shape(shifts)[0]):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(parameters)
                images = parametrization.decode(parameters)
                maps = self.maps(tf.roll(images, shifts[step], axis=(1, 2)))
                total = tf.reduce_sum(self._unit_values(maps, units))
                if is_diverse:
                    total -= weights[4] * pairwise_similarity(maps)
            gradient = tape.gradient(total, parameters)
            square = tf.reduce_mean(gradient**2, axis=(1, 2, 3), keepdims=True)
            gradient *= tf.math.rsqrt(square + 1e-20)
            parameters += rates[step] * (
                gradient - weights[0] * parameters + weights[1] * _laplacian(parameters)
            )
            parameters = tf.cond(
                blurs[step],
                partial(_gaussian_blur, parameters, kernel),
                partial(tf.identity, parameters),
            )
            parameters = tf.clip_by_value(parameters, weights[2], weights[3])
        return parameters

    def maximize(
        self,
        starts: Array,
        units: Labels,
        params: AscentParams,
        *,
        pictures: int = 2,
        magnitudes: Array | None = None,
        seed: int,
    ) -> AscentResult:
        """Ascends from all starts at once, each towards its own unit.

        Args:
            starts: Images of the first step, (n, height, width, channels), in [0, 1].
            units: Index of the unit for each start, (n,), in [0, units of the layer).
            params: Steps and regularisation.
            pictures: Number of frames, the start and the end among them, at least 2.
            magnitudes: Of the data, (height, width, channels), for ``parametrization=phases``.
            seed: Seed of the shifts, which all images share.

        Returns:
            The images, the frames and the activations.

        Raises:
            ValueError: If starts or units do not fit the layer, or magnitudes the images.
        """
        self._check(starts, units)
        form = build_parametrization(params, np.shape(starts)[1:], magnitudes)
        shifts, rates, blurs = _schedule(params, seed)
        limits = (0.0, 1.0) if params.clip else (-np.inf, np.inf)
        weights = tf.constant([params.l2, params.variation, *limits, params.diversity], tf.float32)
        kernel = tf.constant(_gaussian_kernel(params.blur), tf.float32)
        parameters, unit = tf.constant(form.encode(starts), tf.float32), tf.constant(units)
        images = form.decode(parameters)
        frames, values = [np.asarray(images)], [np.asarray(self.activations(images, unit))]
        for part in np.array_split(np.arange(params.steps), min(pictures - 1, params.steps)):
            steps = (
                tf.constant(shifts[part], tf.int32),
                tf.constant(rates[part], tf.float32),
                tf.constant(blurs[part]),
            )
            parameters = self._compiled_ascent(
                parameters, unit, steps, weights, kernel, form, is_diverse=params.diversity > 0
            )
            images = form.decode(parameters)
            frames.append(np.asarray(images))
            values.append(np.asarray(self.activations(images, unit)))
        return AscentResult(frames[-1], np.stack(frames), np.stack(values))

    def _check(self, starts: Array, units: Labels) -> None:
        expected, received = self.maps.shape, np.shape(starts)[1:]
        fits = len(expected) == len(received) and all(
            size is None or size == length for size, length in zip(expected, received, strict=True)
        )
        if not fits or len(starts) != len(units) or not len(units):
            raise ValueError(
                f"Expected a unit for each start, (n, {expected}). "
                f"Received: {np.shape(starts)} and {len(units)} units"
            )
        if min(units) < 0 or max(units) >= self.maps.units:
            raise ValueError(
                f"Expected units in 0 … {self.maps.units - 1}. Received: {list(units)}"
            )


def maximize(
    model: keras.Model,
    starts: Array,
    units: Labels,
    params: AscentParams,
    *,
    layer: str | None = None,
    fixed: Mapping[str, Array] | None = None,
    magnitudes: Array | None = None,
    seed: int,
) -> Array:
    """Returns images that maximize units of a network (Erhan et al. 2009).

    The update and its regularisation are those of :class:`GradientAscent`.

    Args:
        model: Any Keras model of images. One that was never called is built for ``starts``.
        starts: Images of the first step, (n, height, width, channels), in [0, 1].
        units: Index of the unit for each start, (n,), in [0, units of the layer).
        params: Steps and regularisation.
        layer: Name of the layer, ``outer/inner`` inside another one; None is the output.
        fixed: Values of a model's other inputs by name, (1, …) or (n, …).
        magnitudes: Of the data, (height, width, channels), for ``parametrization=phases``.
        seed: Seed of the random shifts.

    Returns:
        Images, (n, height, width, channels) float32.

    Raises:
        ValueError: If starts or units do not fit the layer, or magnitudes the images, or as in
            :class:`FeatureMaps`.

    Examples:
        A linear unit is largest where its positive weights meet white and the others black:

        >>> import keras
        >>> import numpy as np
        >>> from atelier.activation_maximization import AscentParams, initial_images, maximize
        >>> unit = keras.layers.Dense(1)
        >>> model = keras.Sequential([keras.Input((2, 3, 1)), keras.layers.Flatten(), unit])
        >>> unit.set_weights([np.array([[1, -1, 1, -1, 1, -1]]).T, np.zeros(1)])
        >>> params = AscentParams(
        ...     steps=50, rate=0.1, l2=0, variation=0, jitter=0, blur=0, blur_every=1, clip=True,
        ...     parametrization="pixels", diversity=0,
        ... )
        >>> starts = initial_images("half", 1, (2, 3, 1), seed=0)
        >>> maximize(model, starts, np.array([0]), params, seed=0)[0, ..., 0]
        array([[1., 0., 1.],
               [0., 1., 0.]], dtype=float32)
    """
    maps = FeatureMaps(model, layer, shape=np.shape(starts)[1:], fixed=fixed)
    ascent = GradientAscent(maps)
    return ascent.maximize(starts, units, params, magnitudes=magnitudes, seed=seed).images


def _schedule(params: AscentParams, seed: int) -> tuple[Array, Array, Array]:
    """Returns for each step the shift, (steps, 2), the rate, and whether a blur follows."""
    rng = np.random.default_rng(seed)
    shifts = rng.integers(-params.jitter, params.jitter, (params.steps, 2), endpoint=True)
    rates = params.rate * (1 - np.arange(params.steps) / params.steps)
    is_due = np.arange(1, params.steps + 1) % params.blur_every == 0
    return shifts, rates, is_due & (params.blur > 0)


def _laplacian(images: Any) -> Any:
    """Returns the sum of a pixel's neighbours less four times the pixel; edges are mirrored."""
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    vertical = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]
    return vertical + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:] - 4 * images


def _gaussian_kernel(sigma: float) -> Array:
    """Returns Gaussian weights out to 3 σ, which sum to 1."""
    radius = int(np.ceil(3 * sigma))
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2) if sigma > 0 else np.ones(1)
    return np.asarray(weights / weights.sum())


def _gaussian_blur(images: Any, kernel: Any) -> Any:
    """Blurs each channel by itself; pixels outside the image count as 0."""
    channels = images.shape[-1]
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
        weights = tf.tile(tf.reshape(kernel, shape), (1, 1, channels, 1))
        images = tf.nn.depthwise_conv2d(images, weights, (1, 1, 1, 1), "SAME")
    return images
