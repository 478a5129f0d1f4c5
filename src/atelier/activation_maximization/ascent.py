"""Gradient ascent on any unit of any network, held back so that the picture stays one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from atelier.activation_maximization.layers import FeatureMaps
from atelier.activation_maximization.params import AscentParams
from atelier.types import Array


class AscentResult(NamedTuple):
    """What an ascent gives back."""

    images: Array
    """(n, height, width, channels) float32."""
    frames: Array
    """The images on the way, the start first, (pictures, n, height, width, channels)."""
    activations: Array
    """Of each unit at each of those, (pictures, n)."""


class GradientAscent:
    """A network up to one layer, ready to be climbed.

    A step is ``x + rate · (g / rms(g) - l2 · x + variation · Δx)``, g the gradient of the unit at
    the picture shifted at random, Δ the sum of the neighbours less four times the pixel; then the
    blur and the limits. Decay and blur are Yosinski et al.'s (2015), the variation Mahendran &
    Vedaldi's (2015, with β = 2), the jitter Mordvintsev et al.'s (2015).

    A unit of a layer with positions is one of its channels (the last axis), averaged over all of
    them. Pictures are in [0, 1] whatever the model takes: a model of stored pictures (integers)
    gets them times 255. A layer that is called several times counts as it is called last.

    Args:
        model: Any Keras model of pictures, (n, height, width, channels).
        layer: The layer's name, ``outer/inner`` inside another; the output when None.
        shape: (height, width, channels), for a model that does not know it: a subclassed one, or a
            Sequential that was never called.
        fixed: The other inputs of a model with several, by name, (1, …) or (n, …).

    Raises:
        ValueError: The model has no such layer, or it has no gradient by the picture; an input is
            missing or no picture; the shape is not known. See :class:`FeatureMaps`.
    """

    def __init__(
        self,
        model: keras.Model,
        layer: str | None = None,
        *,
        shape: tuple[int, ...] | None = None,
        fixed: Mapping[str, Array] | None = None,
    ) -> None:
        self._maps = FeatureMaps(model, layer, shape=shape, fixed=fixed)
        self.units, self.shape = self._maps.units, self._maps.shape
        self._climb = tf.function(self._steps, reduce_retracing=True)
        self._measure = tf.function(self._activations, reduce_retracing=True)

    def activations(self, images: Any, units: Any) -> Any:
        """Activation of unit i at image i, (n,)."""
        return self._measure(tf.cast(images, tf.float32), tf.convert_to_tensor(units))

    def _activations(self, images: Any, units: Any) -> Any:
        maps = self._maps(images)
        if len(maps.shape) > 2:
            maps = tf.reduce_mean(maps, axis=tuple(range(1, len(maps.shape) - 1)))
        return tf.gather(maps, units, axis=1, batch_dims=1)

    def _steps(
        self, images: Any, units: Any, shifts: Any, rates: Any, blurs: Any, pull: Any, kernel: Any
    ) -> Any:
        """One step for each row of ``shifts``; ``pull`` is (l2, variation, lower, upper)."""
        for step in tf.range(tf.shape(shifts)[0]):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(images)
                total = tf.reduce_sum(
                    self._activations(tf.roll(images, shifts[step], axis=(1, 2)), units)
                )
            gradient = tape.gradient(total, images)
            square = tf.reduce_mean(gradient**2, axis=(1, 2, 3), keepdims=True)
            gradient *= tf.math.rsqrt(square + 1e-20)
            images += rates[step] * (gradient - pull[0] * images + pull[1] * _laplacian(images))
            images = tf.cond(blurs[step], lambda: _blurred(images, kernel), lambda: images)  # noqa: B023
            images = tf.clip_by_value(images, pull[2], pull[3])
        return images

    def maximize(
        self, starts: Array, units: Array, params: AscentParams, *, pictures: int = 2, seed: int
    ) -> AscentResult:
        """Climb with every start at once, each towards its own unit.

        Args:
            starts: (n, height, width, channels).
            units: (n,), integers in [0, ``self.units``).
            params: The way up.
            pictures: How many to keep, the start and the end among them.
            seed: Of the shifts, which all images share.

        Raises:
            ValueError: Starts or units that do not fit the network.
        """
        self._check(starts, units)
        numbers = np.random.default_rng(seed)
        shifts = numbers.integers(-params.jitter, params.jitter, (params.steps, 2), endpoint=True)
        rates = params.rate * (1 - np.arange(params.steps) / params.steps)
        due = np.arange(1, params.steps + 1) % params.blur_every == 0
        blurs = due & (params.blur > 0)
        limits = (0.0, 1.0) if params.clip else (-np.inf, np.inf)
        pull = tf.constant([params.l2, params.variation, *limits], tf.float32)
        kernel = tf.constant(_gaussian(params.blur), tf.float32)
        images, unit = tf.constant(starts, tf.float32), tf.constant(units)
        frames, values = [np.asarray(images)], [np.asarray(self.activations(images, unit))]
        for part in np.array_split(np.arange(params.steps), min(pictures - 1, params.steps)):
            images = self._climb(
                images,
                unit,
                tf.constant(shifts[part], tf.int32),
                tf.constant(rates[part], tf.float32),
                tf.constant(blurs[part]),
                pull,
                kernel,
            )
            frames.append(np.asarray(images))
            values.append(np.asarray(self.activations(images, unit)))
        return AscentResult(frames[-1], np.stack(frames), np.stack(values))

    def _check(self, starts: Array, units: Array) -> None:
        fits = len(starts.shape) == 4 and all(
            due in {None, came} for due, came in zip(self.shape, starts.shape[1:], strict=True)
        )
        if not fits or len(starts) != len(units) or not len(units):
            raise ValueError(
                f"Expected a unit for each start, (n, {self.shape}). "
                f"Received: {starts.shape} and {len(units)} units"
            )
        if min(units) < 0 or max(units) >= self.units:
            raise ValueError(f"Expected units in 0 … {self.units - 1}. Received: {list(units)}")


def maximize(
    model: keras.Model,
    starts: Array,
    units: Array,
    params: AscentParams,
    *,
    layer: str | None = None,
    fixed: Mapping[str, Array] | None = None,
    seed: int,
) -> Array:
    """Pictures that the units want, (n, height, width, channels): see :class:`GradientAscent`.

    A model that was never called is built for pictures like ``starts``.
    """
    ascent = GradientAscent(model, layer, shape=np.shape(starts)[1:], fixed=fixed)
    return ascent.maximize(starts, units, params, seed=seed).images


def _laplacian(images: Any) -> Any:
    """Sum of a pixel's four neighbours less four times itself; the picture's edge is a mirror."""
    around = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    above, below = around[:, :-2, 1:-1], around[:, 2:, 1:-1]
    left, right = around[:, 1:-1, :-2], around[:, 1:-1, 2:]
    return above + below + left + right - 4 * images


def _gaussian(sigma: float) -> Array:
    """Weights that sum to 1, out to 3 σ."""
    reach = int(np.ceil(3 * sigma))
    places = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (places / sigma) ** 2) if sigma > 0 else np.ones(1)
    return np.asarray(weights / weights.sum())


def _blurred(images: Any, kernel: Any) -> Any:
    """Each channel by itself; what lies outside the picture is 0."""
    channels = images.shape[-1]
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
        weights = tf.tile(tf.reshape(kernel, shape), (1, 1, channels, 1))
        images = tf.nn.depthwise_conv2d(images, weights, (1, 1, 1, 1), "SAME")
    return images
