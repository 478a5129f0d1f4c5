"""Style without its colours: the content keeps its own (Gatys et al. 2016, arXiv 1606.05897)."""

import numpy as np

from atelier.types import Array

YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""Rows: luminance and two colour differences, of RGB (NTSC)."""

FLAT = 1e-6
"""Grey levels of deviation below which a picture has one colour."""


def luminance(rgb: Array) -> Array:
    """Y of every pixel, (height, width, 3) with three equal channels, the scale of ``rgb``."""
    return np.repeat(rgb @ YIQ[0][:, None], 3, axis=-1)


def match_luminance(style: Array, content: Array) -> Array:
    """Luminance of the style with the mean and the deviation of the content's (their eq. 8).

    Args:
        style: RGB, (height, width, 3).
        content: RGB, of any size.

    Returns:
        (height, width, 3) with three equal channels.
    """
    own, wanted = luminance(style), luminance(content)
    spread = wanted.std() / own.std() if own.std() > FLAT else 0.0
    return spread * (own - own.mean()) + wanted.mean()


def restore_colours(painted: Array, content: Array) -> Array:
    """The content's colour differences under the luminance of what was painted.

    Args:
        painted: RGB, (height, width, 3).
        content: RGB, the same shape.
    """
    light = painted @ YIQ[0]
    chroma = content @ YIQ[1:].T
    return np.concatenate([light[..., None], chroma], axis=-1) @ np.linalg.inv(YIQ).T


def match_colours(style: Array, content: Array) -> Array:
    """The style with the content's mean colour and covariance of colours (their eqs. 3 to 6).

    Args:
        style: RGB, (height, width, 3).
        content: RGB, of any size.
    """
    own, wanted = _planes(style), _planes(content)
    change = _root(np.cov(wanted, bias=True), 0.5) @ _root(np.cov(own, bias=True), -0.5)
    moved = change @ (own - own.mean(axis=1, keepdims=True)) + wanted.mean(axis=1, keepdims=True)
    return np.ascontiguousarray(moved.T).reshape(style.shape)


def _planes(picture: Array) -> Array:
    """Returns a row for each colour, (3, pixels) float64, of which products are fast."""
    return np.ascontiguousarray(picture.reshape(-1, 3).T, np.float64)


def _root(covariance: Array, power: float) -> Array:
    """A power of a symmetric matrix; a direction without any spread is left at 0."""
    values, vectors = np.linalg.eigh(covariance)
    spread = values > FLAT**2
    powers = np.where(spread, np.where(spread, values, 1.0) ** power, 0.0)
    return np.asarray((vectors * powers) @ vectors.T)
