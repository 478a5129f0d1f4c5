"""Style transfer with the content's colours (Gatys et al. 2016, arXiv 1606.05897)."""

from collections.abc import Sequence

import numpy as np

from atelier.style_transfer.objective import Style
from atelier.style_transfer.params import TransferParams
from atelier.types import Array

YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""Rows: luminance and two colour differences, of RGB (NTSC)."""

FLAT = 1e-6
"""Standard deviation, in grey levels, below which an image has one colour."""


def luminance(rgb: Array) -> Array:
    """Returns the luminance Y of RGB, (height, width, 3) with three equal channels."""
    return np.repeat(rgb @ YIQ[0][:, None], 3, axis=-1)


def match_luminance(style: Array, content: Array) -> Array:
    """Returns the style's luminance with the content's mean and standard deviation (eq. 8).

    Args:
        style: RGB, (height, width, 3).
        content: RGB, of any size.

    Returns:
        (height, width, 3) with three equal channels.
    """
    style_y, content_y = luminance(style), luminance(content)
    scale = content_y.std() / style_y.std() if style_y.std() > FLAT else 0.0
    return scale * (style_y - style_y.mean()) + content_y.mean()


def restore_colours(stylized: Array, content: Array) -> Array:
    """Returns the luminance of a stylized image with the content's colour differences.

    Args:
        stylized: RGB, (height, width, 3).
        content: RGB, the same shape.

    Returns:
        RGB, (height, width, 3).
    """
    y = stylized @ YIQ[0]
    iq = content @ YIQ[1:].T
    return np.concatenate([y[..., None], iq], axis=-1) @ np.linalg.inv(YIQ).T


def match_colours(style: Array, content: Array) -> Array:
    """Returns the style with the content's mean and covariance of colours (eqs. 3 to 6).

    Args:
        style: RGB, (height, width, 3).
        content: RGB, of any size.

    Returns:
        RGB, (height, width, 3).
    """
    source, target = _channel_rows(style), _channel_rows(content)
    whitening = _matrix_power(np.cov(source, bias=True), -0.5)
    transform = _matrix_power(np.cov(target, bias=True), 0.5) @ whitening
    centred = source - source.mean(axis=1, keepdims=True)
    matched = transform @ centred + target.mean(axis=1, keepdims=True)
    return np.ascontiguousarray(matched.T).reshape(style.shape)


def _channel_rows(image: Array) -> Array:
    """Returns a row for each channel, (3, pixels) float64, of which products are fast."""
    return np.ascontiguousarray(image.reshape(-1, 3).T, np.float64)


def _matrix_power(covariance: Array, power: float) -> Array:
    """Returns a power of a symmetric matrix; eigenvalues near 0 remain 0."""
    values, vectors = np.linalg.eigh(covariance)
    is_positive = values > FLAT**2
    powers = np.where(is_positive, np.where(is_positive, values, 1.0) ** power, 0.0)
    return np.asarray((vectors * powers) @ vectors.T)


def match_pictures(
    content: Array, styles: Sequence[Style], params: TransferParams
) -> tuple[Array, list[Style]]:
    """Returns content and styles as the network takes them, by whose colours the result has.

    Args:
        content: RGB, (height, width, 3), 0 … 255.
        styles: Likewise, with weights.
        params: ``colours`` decides: the style's, or the content's in one of two ways.

    Returns:
        The content, its luminance alone where colours are put back later; the styles, with colours
        or luminance matched to the content's.
    """
    if params.colours == "style":
        return content, list(styles)
    if params.colours == "matched":
        return content, [Style(match_colours(s.picture, content), s.weight) for s in styles]
    matched = [Style(match_luminance(s.picture, content), s.weight) for s in styles]
    return luminance(content), matched
