"""SmoothECE (Błasiok & Nakkiran 2023): a calibration error without bins."""

import numpy as np

from atelier.types import Array

FINEST = 1e-3
HALVINGS = 10
"""The bandwidth is found to 2⁻¹⁰, as by the authors' package relplot."""
GRID, MESH = 2000, 200
DENSITY_FLOOR = 1e-4
"""Added to the density everywhere, as there, so that an empty stretch divides nothing by 0."""


def smooth_ece(forecast: Array, outcome: Array) -> float:
    """The smallest bandwidth σ that is at least as wide as the error seen through it: smECE_σ.

    Args:
        forecast: (n,) in [0, 1].
        outcome: (n,), 0 or 1.
    """
    narrow, wide = 0.0, 1.0
    if not wide < error_at_bandwidth(forecast, outcome, wide):
        for _ in range(HALVINGS):
            middle = (narrow + wide) / 2
            if middle < FINEST or middle < error_at_bandwidth(forecast, outcome, middle):
                narrow = middle
            else:
                wide = middle
    return error_at_bandwidth(forecast, outcome, wide)


def error_at_bandwidth(forecast: Array, outcome: Array, sigma: float) -> float:
    """Mean absolute residual after smoothing with a Gaussian reflected at 0 and 1 (their eq. 5)."""
    points = max(GRID, round(20 / sigma)) // 4 * 2 + 1
    position = forecast * (points - 1)
    left = np.minimum(position.astype(np.int64), points - 2)
    right_share = position - left
    residual = forecast - outcome
    grid, mesh = np.linspace(0, 1, points), np.linspace(0, 1, max(MESH, round(10 / sigma)))
    kernel = np.exp(-0.5 * (grid / sigma) ** 2) / (np.sqrt(2 * np.pi) * sigma)
    kernel[points // 2 + 1 :] = 0  # it reaches half the interval, as theirs
    from scipy.fft import dct, idct

    response = dct(kernel, type=1)

    def smoothed(mass: Array) -> Array:
        """The masses spread over the grid and smoothed: a cosine transform reflects at the ends."""
        spread = np.bincount(left, mass * (1 - right_share), minlength=points)
        spread += np.bincount(left + 1, mass * right_share, minlength=points)
        return np.interp(mesh, grid, idct(dct(spread, type=1) * response, type=1))

    density = smoothed(np.ones(len(forecast))) + DENSITY_FLOOR
    return float(np.abs(smoothed(residual)).sum() / density.sum())
