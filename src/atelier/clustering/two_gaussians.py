"""The grey value at which two Gaussians of a mixture are equally probable."""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import brentq

from atelier.clustering.mixture import GaussianMixture, fit_mixture
from atelier.clustering.params import CovarianceType
from atelier.evaluation.validation import real_numbers
from atelier.types import Array

FORMS: tuple[CovarianceType, ...] = ("full", "tied")
"""A variance for each Gaussian, or a common one."""
MOST_LEVELS = 1024
"""Levels above which a histogram is divided into as many bins of equal width before the fit."""


def decision_boundary(mixture: GaussianMixture) -> float | None:
    """Returns the point between the means at which both components are equally probable.

    Args:
        mixture: Two Gaussians in one dimension.

    Returns:
        The point; None if one of the Gaussians is the more probable at both means.

    Raises:
        ValueError: If the mixture has not two components or more than one dimension.

    Examples:
        >>> import numpy as np
        >>> from atelier.clustering import decision_boundary, fit_mixture
        >>> round(decision_boundary(fit_mixture(np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0]), 2)), 6)
        6.0
    """
    if mixture.means.shape != (2, 1):
        raise ValueError(
            "Expected two components in one dimension. "
            f"Received: {len(mixture.means)} in {mixture.means.shape[1]}"
        )
    low, high = np.sort(mixture.means[:, 0])
    darker, brighter = mixture.means[:, 0].argsort()

    def log_odds(point: float) -> float:
        logs = mixture.log_joint(np.array([point]))[0]
        return float(logs[darker] - logs[brighter])

    if log_odds(low) <= 0 or log_odds(high) >= 0:
        return None
    return float(brentq(log_odds, low, high))


def decision_boundaries(mixtures: Mapping[str, GaussianMixture]) -> dict[str, float]:
    """Returns the decision boundary of each mixture by its name, of those that have one."""
    points = {name: decision_boundary(mixture) for name, mixture in mixtures.items()}
    return {name: point for name, point in points.items() if point is not None}


def fit_two_gaussians(counts: Array, levels: Array) -> dict[str, GaussianMixture]:
    """Fits two Gaussians to a histogram, with a variance for each and with a common variance.

    Args:
        counts: Pixels of each level, (levels,).
        levels: Grey values, (levels,).

    Returns:
        The mixtures by the form of their covariances, ``full`` and ``tied``; none if fewer than two
        levels have pixels.

    Raises:
        ValueError: If counts or levels are masked, not finite or no numbers, or differ in number.

    Examples:
        >>> import numpy as np
        >>> from atelier.clustering import fit_two_gaussians
        >>> fits = fit_two_gaussians(np.array([4, 4, 1, 1]), np.array([0, 2, 10, 14]))
        >>> {form: np.sort(fit.means.ravel()).round(1).tolist() for form, fit in fits.items()}
        {'full': [1.0, 12.0], 'tied': [1.0, 12.0]}
    """
    counts = real_numbers("counts", counts)
    values = real_numbers("levels", levels).astype(np.float64)
    if np.count_nonzero(counts) < 2:
        return {}
    if len(values) > MOST_LEVELS:
        counts, edges = np.histogram(values, MOST_LEVELS, weights=counts)
        values = (edges[1:] + edges[:-1]) / 2
    return {
        form: fit_mixture(
            values, 2, covariance=form, sample_weight=counts, restarts=3, tol=1e-7, warn=False
        )
        for form in FORMS
    }
