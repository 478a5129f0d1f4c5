"""Mixtures of Gaussians with a Dirichlet process as the prior of their weights."""

import lazy_loader
import numpy as np

from atelier.clustering.mixture import GaussianMixture
from atelier.clustering.params import CovarianceType
from atelier.clustering.point_cloud import as_points, checked_counts
from atelier.types import Array

sklearn = lazy_loader.load("sklearn")

MAX_ITER = 1000
"""Largest number of variational steps."""


def fit_dirichlet_process(
    points: Array,
    components: int,
    *,
    concentration: float,
    covariance: CovarianceType = "full",
    restarts: int = 1,
    tol: float = 1e-4,
    seed: int = 0,
    sample_weight: Array | None = None,
) -> GaussianMixture:
    """Fits a mixture of as many Gaussians as the points need, by scikit-learn's variational Bayes.

    The weights come from a stick-breaking process of a concentration, cut after ``components``
    sticks (Blei & Jordan 2006). Components that the points do not need keep hardly any weight and
    are left out: those that are the most probable of no point.

    Args:
        points: Points of shape (n, d).
        components: Largest number of Gaussians.
        concentration: Of the process; small values prefer few components.
        covariance: As :func:`fit_mixture` takes it.
        restarts: Number of starts, of which the one with the highest evidence bound is taken.
        tol: Gain of the bound per point below which the iteration ends.
        seed: Seed of the starts.
        sample_weight: How often each point counts, (n,), integers; by default once.

    Returns:
        The Gaussians that carry points, with their posterior mean weights, means and covariances.
        ``history`` has the bound after each step instead of the likelihood.

    Raises:
        ValueError: If the points are not finite, fewer than the components, or not (n, d), the
            weights are no integers from 0 on, or the concentration is not above 0.

    Examples:
        >>> import numpy as np
        >>> from atelier.clustering import fit_dirichlet_process
        >>> points = np.random.default_rng(0).normal(np.repeat([0, 20], 100))[:, None]
        >>> fit = fit_dirichlet_process(points, 5, concentration=0.01)
        >>> np.sort(fit.means.ravel()).round().tolist()
        [0.0, 20.0]
    """
    points = as_points(points)
    counts = _integer_counts(sample_weight, len(points), components)
    if not 0 < concentration < np.inf:
        raise ValueError(f"Expected a concentration above 0. Received: {concentration}")
    model = sklearn.mixture.BayesianGaussianMixture(
        n_components=components,
        covariance_type={"diagonal": "diag"}.get(covariance, covariance),
        weight_concentration_prior_type="dirichlet_process",
        weight_concentration_prior=concentration,
        n_init=restarts,
        tol=tol,
        max_iter=MAX_ITER,
        random_state=seed,
    ).fit(np.repeat(points, counts, axis=0))
    carrying = np.unique(model.predict(points[counts > 0]))
    weights = model.weights_[carrying]
    fit = GaussianMixture(
        weights / weights.sum(),
        model.means_[carrying],
        _full_covariances(model.covariances_, covariance, *model.means_.shape)[carrying],
        log_likelihood=0.0,
        history=np.array(model.lower_bounds_),
        converged=bool(model.converged_),
        floored=False,
    )
    return fit._replace(log_likelihood=float(counts @ fit.score_samples(points)))


def _integer_counts(weight: Array | None, n: int, components: int) -> Array:
    counts = checked_counts(weight, n, components)
    if (counts % 1).any():
        raise ValueError("Expected integer weights. Received: weights with fractions")
    return counts.astype(np.int64)


def _full_covariances(
    covariances: Array, covariance: CovarianceType, components: int, dimensions: int
) -> Array:
    """Returns a matrix for each component, (k, d, d)."""
    unit = np.eye(dimensions)
    if covariance == "tied":
        return np.repeat(covariances[None], components, axis=0)
    if covariance == "diagonal":
        return np.asarray(covariances[:, :, None] * unit)
    return np.asarray(
        covariances[:, None, None] * unit if covariance == "spherical" else covariances
    )
