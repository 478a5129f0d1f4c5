"""Parametrizations of an image whose gradient is ascended: pixels, frequencies, or phases only."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from scipy.special import logit

from atelier.activation_maximization.params import AscentParams
from atelier.data.pictures import resize_to, to_rgb
from atelier.types import Array

LEAST_PIXEL = 1e-3
"""Distance of a pixel to black and white that the logistic function reaches."""
NOISE = 1e-3
"""Standard deviation of the noise that gives a constant image random phases."""


class Parametrization(Protocol):
    """Real parameters of the shape of the images, (n, height, width, channels)."""

    def encode(self, images: Array) -> Array:
        """Returns the parameters of images."""
        ...

    def decode(self, parameters: Any) -> Any:
        """Returns the images of parameters, differentiable."""
        ...


class Pixels:
    """The pixels themselves."""

    def encode(self, images: Array) -> Array:
        """Returns the images."""
        return images

    def decode(self, parameters: Any) -> Any:
        """Returns the parameters."""
        return parameters


class Fourier:
    """Fourier coefficients, scaled by the inverse frequency as in natural images.

    The image is σ(F⁻¹(s · F(z))) with s ∝ 1 / max(f, 1/max(height, width)), where f is the
    frequency in cycles per pixel and σ the logistic function (Olah, Mordvintsev & Schubert 2017,
    "Feature Visualization"), without their decorrelation of colours, which is ImageNet's. The
    parameters are z instead of F(z): the transform is a rotation, which steps along a normalised
    gradient do not see.

    Args:
        height: Of the images, pixels.
        width: Of the images, pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))
        scale = 1 / np.maximum(frequencies, 1 / max(height, width))
        self._scale = scale / np.sqrt(np.mean(scale**2))

    def encode(self, images: Array) -> Array:
        """Returns the parameters of images in [0, 1]; black and white are approached to 1e-3."""
        spectrum = _fourier(logit(np.clip(images, LEAST_PIXEL, 1 - LEAST_PIXEL)))
        return np.asarray(_inverse_fourier(spectrum / self._scale[..., None]), np.float32)

    def decode(self, parameters: Any) -> Any:
        """Returns images in (0, 1)."""
        spectrum = _fourier(parameters) * tf.cast(self._scale[..., None], tf.complex64)
        return tf.sigmoid(_inverse_fourier(spectrum))


class Phases:
    """Phases of the Fourier coefficients, whose magnitudes are constant (MACO, Fel et al. 2023).

    The image is F⁻¹(r · exp(i φ)). A real image has opposite phases at opposite frequencies: of the
    parameters the odd part counts. Frequencies that are their own opposites, the mean among them,
    have phase 0.

    Args:
        magnitudes: r, (height, width, channels), as :func:`mean_magnitudes` computes it.
    """

    def __init__(self, magnitudes: Array) -> None:
        self._magnitudes = magnitudes

    def encode(self, images: Array) -> Array:
        """Returns the phases of images; those of a constant image are random."""
        noise = np.random.default_rng(0).normal(0, NOISE, images.shape[:-1])
        return np.asarray(np.angle(_fourier(images + noise[..., None])), np.float32)

    def decode(self, parameters: Any) -> Any:
        """Returns images with the given magnitudes; some pixels may lie outside [0, 1]."""
        opposite = tf.roll(tf.reverse(parameters, (1, 2)), (1, 1), (1, 2))
        phases = (parameters - opposite) / 2
        magnitudes = tf.constant(self._magnitudes, tf.float32)
        return _inverse_fourier(
            tf.complex(magnitudes * tf.cos(phases), magnitudes * tf.sin(phases))
        )


def _fourier(images: Any) -> Any:
    """Returns the spectrum of each channel, (n, height, width, channels) complex."""
    if isinstance(images, np.ndarray):
        return np.fft.fft2(images, axes=(1, 2))
    channels_first = tf.transpose(tf.cast(images, tf.complex64), (0, 3, 1, 2))
    return tf.transpose(tf.signal.fft2d(channels_first), (0, 2, 3, 1))


def _inverse_fourier(spectrum: Any) -> Any:
    """Returns the real images of spectra, (n, height, width, channels)."""
    if isinstance(spectrum, np.ndarray):
        return np.fft.ifft2(spectrum, axes=(1, 2)).real
    channels_first = tf.signal.ifft2d(tf.transpose(spectrum, (0, 3, 1, 2)))
    return tf.transpose(tf.math.real(channels_first), (0, 2, 3, 1))


def mean_magnitudes(images: Array) -> Array:
    """Returns the mean magnitude of each Fourier coefficient over images.

    Args:
        images: (n, height, width, channels), in [0, 1].

    Returns:
        (height, width, channels); the zero frequency, first, is the sum of all pixels.

    Examples:
        >>> import numpy as np
        >>> from atelier.activation_maximization import mean_magnitudes
        >>> mean_magnitudes(np.full((5, 2, 3, 1), 0.5))[..., 0].round(6).tolist()
        [[3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return np.abs(np.fft.fft2(images, axes=(1, 2))).mean(axis=0)


def photograph_crops(photographs: Iterable[Array], shape: tuple[int, int, int]) -> Array:
    """Cuts photographs into crops without overlap, as images of a model.

    A photograph is resized so that about three crops fit its shorter side.

    Args:
        photographs: Pictures of any mode and size.
        shape: (height, width, channels) of a crop; other channels than 3 are grey.

    Returns:
        (n, height, width, channels) float32, in [0, 1].
    """
    height, width, channels = shape
    crops = []
    for photograph in map(to_rgb, photographs):
        ratio = 3 * max(height, width) / min(photograph.shape[:2])
        size = tuple(round(ratio * length) for length in photograph.shape[:2])
        picture = resize_to(photograph, size) / 255
        if channels != 3:
            picture = np.repeat(picture.mean(axis=-1, keepdims=True), channels, axis=-1)
        crops += [
            picture[top : top + height, left : left + width]
            for top in range(0, size[0] - height + 1, height)
            for left in range(0, size[1] - width + 1, width)
        ]
    return np.asarray(crops, np.float32)


PIXELS = Pixels()
"""A single object, so that all ascents of pixels share their compilation."""


def build_parametrization(
    params: AscentParams, shape: tuple[int, ...], magnitudes: Array | None
) -> Parametrization:
    """Builds the parametrization of images of a shape.

    Args:
        params: ``parametrization`` matters.
        shape: (height, width, channels).
        magnitudes: For ``phases``, of the same shape.

    Returns:
        What maps images to parameters and back.

    Raises:
        ValueError: If phases have no magnitudes of this shape.
    """
    if params.parametrization == "fourier":
        return Fourier(*shape[:2])
    if params.parametrization == "phases":
        if magnitudes is None or magnitudes.shape != tuple(shape):
            received = None if magnitudes is None else magnitudes.shape
            raise ValueError(
                f"Expected magnitudes={tuple(shape)} of the data for parametrization=phases, as "
                f"mean_magnitudes computes them. Received: {received}"
            )
        return Phases(magnitudes)
    return PIXELS
