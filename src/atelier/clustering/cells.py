"""Cell segmentation by a mixture of Gaussians over the grey values."""

import numpy as np

from atelier.cells.grayscale import normalise
from atelier.cells.params import SplittingParams
from atelier.cells.watershed import cells_from_mask
from atelier.clustering.information_criteria import bayesian_information_criterion
from atelier.clustering.mixture import GaussianMixture, fit_mixture
from atelier.types import Array

GAUSSIANS = (2, 3)
"""Numbers of components that are compared."""
BINS = 256
"""Bins of the histogram to which a mixture is fitted."""


def cells_by_mixture(image: Array, params: SplittingParams) -> Array:
    """Returns instance labels, int32, of the pixels that are more probably cell than background.

    Args:
        image: An image as for :func:`atelier.thresholding.cells_by_threshold`.
        params: How the mask is divided into cells.
    """
    return cells_from_mask(probability_by_mixture(image) > 0.5, params)


def probability_by_mixture(image: Array) -> Array:
    """Returns the probability of cell at each pixel by a mixture of Gaussians.

    Two Gaussians (background, cells) or three (background, dim and bright cells) of a common
    variance are fitted to the histogram of the grey values; the lower BIC decides. With a variance
    for each component, that of the background would shrink to its noise, and all light scattered
    around a cell would count as cell. The darkest component is the background.

    Args:
        image: An image as for :func:`atelier.thresholding.cells_by_threshold`.

    Returns:
        (height, width) float, in [0, 1]; 0 in a constant image.
    """
    grey = normalise(image)
    if grey.min() == grey.max():
        return np.zeros(grey.shape)
    counts, edges = np.histogram(grey, BINS)
    levels = (edges[:-1] + edges[1:]) / 2
    fits = [
        fit_mixture(levels, number, covariance="tied", sample_weight=counts, restarts=3, tol=1e-7)
        for number in GAUSSIANS
        if number <= (counts > 0).sum()
    ]
    best = min(fits, key=lambda fit: _bic(fit, grey.size))
    background = best.responsibilities(levels)[:, best.means[:, 0].argmin()]
    nearest = np.searchsorted((levels[1:] + levels[:-1]) / 2, grey)
    return np.asarray((1 - background)[nearest])


def _bic(fit: GaussianMixture, pixels: int) -> float:
    return bayesian_information_criterion(fit.log_likelihood, pixels, len(fit.weights), 1, "tied")
