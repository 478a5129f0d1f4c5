"""SmoothECE (Błasiok & Nakkiran 2023): a calibration error without bins."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import lazy_loader
import numpy as np

from atelier.evaluation.validation import SAMPLES, map_blocks
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
    spectra = functools.cache(functools.partial(_grid_spectra, confidence, correct))
    narrow, wide = 0.0, 1.0
    if _smoothed_error(spectra, wide) <= wide:
        for _ in range(HALVINGS):
            middle = (narrow + wide) / 2
            if middle < NARROWEST or middle < _smoothed_error(spectra, middle):
                narrow = middle
            else:
                wide = middle
    return _smoothed_error(spectra, wide)


def _smoothed_error(spectra: Callable[[int], Array], bandwidth: float) -> float:
    """Returns the mean absolute smoothed residual, in [0, 1] (Błasiok & Nakkiran 2023, eq. 5).

    The kernel is a Gaussian reflected at 0 and 1. As in relplot it is cut at half the interval.

    Args:
        spectra: Returns :func:`_grid_spectra` of a number of points.
        bandwidth: Standard deviation of the Gaussian, > 0.
    """
    kernel = _kernel(bandwidth)
    density, residual = kernel.smoothed(spectra(kernel.points))
    return float(np.abs(residual).sum() / (density + DENSITY_FLOOR).sum())


def _grid_spectra(confidence: Array, correct: Array, points: int) -> Array:
    """Returns the cosine transforms of :func:`_grid_masses`, (2, points)."""
    return np.asarray(scipy.fft.dct(_grid_masses(confidence, correct, points), type=1))


def _grid_masses(confidence: Array, correct: Array, points: int) -> Array:
    """Returns how many samples lie at each point of a grid, and the sum of their residuals.

    A sample between two points counts at both, in proportion to its nearness. Most bandwidths share
    the coarsest grid, so one pass over the samples serves them.

    Args:
        confidence: (n,), in [0, 1].
        correct: (n,), 0 or 1.
        points: Points of the grid over [0, 1].

    Returns:
        Number and residual, (2, points).
    """

    def block_masses(rows: slice) -> Array:
        position = confidence[rows] * (points - 1)
        lower = np.minimum(position.astype(np.int64), points - 2)
        upper_share = position - lower
        residual = confidence[rows] - correct[rows]
        total = [np.bincount(lower, weights, points) for weights in (None, residual)]
        upper = [
            np.bincount(lower, weights, points) for weights in (upper_share, residual * upper_share)
        ]
        return np.subtract(total, upper) + np.roll(upper, 1, axis=1)  # none at the last point

    return np.asarray(sum(map_blocks(block_masses, len(confidence), values=SAMPLES)))


class _Kernel(NamedTuple):
    """A reflected Gaussian on the grid, by its cosine transform."""

    points: int
    response: Array
    grid: Array
    mesh: Array

    def smoothed(self, spectra: Array) -> list[Array]:
        """Returns what each row of spectra is on the mesh; cosines reflect at the ends."""
        filtered = scipy.fft.idct(spectra * self.response, type=1)
        return [np.interp(self.mesh, self.grid, row) for row in filtered]


@functools.lru_cache(maxsize=64)
def _kernel(bandwidth: float) -> _Kernel:
    """Returns the kernel, which resamples of one data set ask for again and again."""
    points = max(MIN_GRID, round(20 / bandwidth)) // 4 * 2 + 1
    grid, mesh = np.linspace(0, 1, points), np.linspace(0, 1, max(MIN_MESH, round(10 / bandwidth)))
    kernel = np.exp(-0.5 * (grid / bandwidth) ** 2) / (np.sqrt(2 * np.pi) * bandwidth)
    kernel[points // 2 + 1 :] = 0
    return _Kernel(points, scipy.fft.dct(kernel, type=1), grid, mesh)
