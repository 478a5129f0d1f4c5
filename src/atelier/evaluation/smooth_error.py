"""SmoothECE (Błasiok & Nakkiran 2023): a calibration error without bins."""

import functools
from typing import NamedTuple

import lazy_loader
import numpy as np

from atelier.types import Array

scipy = lazy_loader.load("scipy")  # which a bare machine of the sweep may lack
NARROWEST = 1e-3
"""Bandwidths below it count as narrower than the error."""
HALVINGS = 10
"""Steps of the bisection: the bandwidth is exact to 2⁻¹⁰, as in the authors' package relplot."""
MIN_GRID, MIN_MESH = 2000, 200
"""Fewest points on which the residuals are collected, and on which they are averaged."""
DENSITY_FLOOR = 1e-4
"""Added to the density everywhere, as in relplot: an interval without samples is no 0 / 0."""


def smooth_ece(confidence: Array, correct: Array) -> float:
    """Returns smECE, in [0, 1]: the error smoothed with a bandwidth as large as the error itself.

    Args:
        confidence: (n,), in [0, 1].
        correct: (n,), 0 or 1.
    """
    narrow, wide = 0.0, 1.0
    if error_at_bandwidth(confidence, correct, wide) <= wide:
        for _ in range(HALVINGS):
            middle = (narrow + wide) / 2
            if middle < NARROWEST or middle < error_at_bandwidth(confidence, correct, middle):
                narrow = middle
            else:
                wide = middle
    return error_at_bandwidth(confidence, correct, wide)


def error_at_bandwidth(confidence: Array, correct: Array, bandwidth: float) -> float:
    """Returns the mean absolute smoothed residual (Błasiok & Nakkiran 2023, eq. 5).

    The kernel is a Gaussian reflected at 0 and 1. As in relplot it is cut at half the interval.

    Args:
        confidence: (n,), in [0, 1].
        correct: (n,), 0 or 1.
        bandwidth: Standard deviation of the Gaussian, > 0.

    Returns:
        The error, in [0, 1].
    """
    kernel = _kernel(bandwidth)
    position = confidence * (kernel.points - 1)
    lower = np.minimum(position.astype(np.int64), kernel.points - 2)
    upper_weight = position - lower

    def spread(mass: Array) -> Array:
        """Returns the masses on the grid."""
        below = np.bincount(lower, mass * (1 - upper_weight), minlength=kernel.points)
        below += np.bincount(lower + 1, mass * upper_weight, minlength=kernel.points)
        return below

    density, residual = kernel.smoothed(
        np.stack([spread(np.ones(len(confidence))), spread(confidence - correct)])
    )
    return float(np.abs(residual).sum() / (density + DENSITY_FLOOR).sum())


class _Kernel(NamedTuple):
    """A reflected Gaussian on the grid, by its cosine transform."""

    points: int
    response: Array
    grid: Array
    mesh: Array

    def smoothed(self, masses: Array) -> list[Array]:
        """Returns each row of masses on the mesh; a cosine transform reflects at the ends."""
        filtered = scipy.fft.idct(scipy.fft.dct(masses, type=1) * self.response, type=1)
        return [np.interp(self.mesh, self.grid, row) for row in filtered]


@functools.lru_cache(maxsize=64)
def _kernel(bandwidth: float) -> _Kernel:
    """Returns the kernel, which resamples of one data set ask for again and again."""
    points = max(MIN_GRID, round(20 / bandwidth)) // 4 * 2 + 1
    grid, mesh = np.linspace(0, 1, points), np.linspace(0, 1, max(MIN_MESH, round(10 / bandwidth)))
    kernel = np.exp(-0.5 * (grid / bandwidth) ** 2) / (np.sqrt(2 * np.pi) * bandwidth)
    kernel[points // 2 + 1 :] = 0
    return _Kernel(points, scipy.fft.dct(kernel, type=1), grid, mesh)
