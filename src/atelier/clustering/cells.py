"""Cells by a mixture of Gaussians of the grey values."""

import numpy as np

from atelier.cells.grayscale import normalise
from atelier.cells.params import SplittingParams
from atelier.cells.watershed import cells_from_mask
from atelier.clustering.mixture import GaussianMixture, bayesian_information_criterion, fit_mixture
from atelier.types import Array

GAUSSIANS = (2, 3)


BINS = 256  # of the histogram that a mixture is fitted to


def cells_by_mixture(image: Array, params: SplittingParams) -> Array:
    """Instance labels, int32: where the darkest of two or three Gaussians is the unlikelier.

    Background and cells, or background, dim and bright cells, of one common variance, fitted to
    the grey values' histogram; the lesser BIC decides which. With variances of their own the
    background's shrinks to its noise, and all light scattered around a cell becomes cell.

    Args:
        image: As for :func:`cells_by_threshold`.
        params: How cells are made of the mask.
    """
    grey = normalise(image)
    if grey.min() == grey.max():
        return np.zeros(grey.shape, np.int32)
    counts, edges = np.histogram(grey, BINS)
    levels = (edges[:-1] + edges[1:]) / 2
    fits = [
        fit_mixture(levels, kinds, covariance="tied", sample_weight=counts, restarts=3, tol=1e-7)
        for kinds in GAUSSIANS
        if kinds <= (counts > 0).sum()
    ]
    fit = min(fits, key=lambda fit: _bic(fit, grey.size))
    background = fit.responsibilities(levels)[:, fit.means[:, 0].argmin()]
    likely = background < 0.5
    nearest = np.searchsorted((levels[1:] + levels[:-1]) / 2, grey)
    return cells_from_mask(likely[nearest], params)


def _bic(fit: GaussianMixture, pixels: int) -> float:
    return bayesian_information_criterion(fit.log_likelihood, pixels, len(fit.weights), 1, "tied")
