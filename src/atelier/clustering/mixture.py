"""Mixtures of multivariate Gaussians by expectation maximization (Dempster, Laird & Rubin 1977)."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp, softmax

from atelier.clustering.components import ComponentDensities, GaussianMixtureParameters
from atelier.clustering.covariances import COVARIANCE_FORMS
from atelier.clustering.em import (
    MixtureStep,
    expectation_step,
    in_original_units,
    initial_parameters,
    maximization_step,
    parameters_from_nearest_means,
)
from atelier.clustering.information_criteria import parameter_count
from atelier.clustering.params import CovarianceType
from atelier.clustering.point_cloud import PointCloud, as_points
from atelier.types import Array

logger = logging.getLogger(__name__)


class GaussianMixture(NamedTuple):
    """A fitted mixture of k Gaussians in d dimensions."""

    weights: Array
    """(k,), summing to 1."""
    means: Array
    """(k, d)."""
    covariances: Array
    """(k, d, d), for every form of the covariances."""
    log_likelihood: float
    """Natural logarithm of the likelihood of all points, weighted by their sample weights."""
    history: Array
    """The log-likelihood before the first step and after each. It rises; only a step that puts a
    component onto the variance floor may lower it a little."""
    converged: bool
    """Whether the last step gained less than the tolerance."""
    floored: bool
    """Whether a component has collapsed onto the variance floor, so that the likelihood has no
    maximum."""

    def log_joint(self, points: Array) -> Array:
        """Returns the log of weight times density, (n, k), at points (n, d)."""
        parts = (self.weights, self.means, self.covariances)
        parameters = GaussianMixtureParameters(*(np.asarray(part, np.float64) for part in parts))
        densities = ComponentDensities(parameters)
        return densities.log_joint(densities.whiten(as_points(points).T)).T

    def responsibilities(self, points: Array) -> Array:
        """Returns the probability of each component given each point, (n, k).

        Args:
            points: (n, d), or (n,) for one dimension.

        Examples:
            >>> import numpy as np
            >>> from atelier.clustering import fit_mixture
            >>> mixture = fit_mixture(np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0]), 2)
            >>> left = mixture.means[:, 0].argmin()
            >>> mixture.responsibilities(np.array([1.5, 6.0, 10.5]))[:, left].round(2).tolist()
            [1.0, 0.5, 0.0]
        """
        return np.asarray(softmax(self.log_joint(points), axis=1))

    def score_samples(self, points: Array) -> Array:
        """Returns the log density, (n,), of points (n, d)."""
        return np.asarray(logsumexp(self.log_joint(points), axis=1))

    def predict(self, points: Array) -> Array:
        """Returns the most probable component, (n,), of points (n, d)."""
        return np.asarray(self.log_joint(points).argmax(axis=1))


def fit_mixture(
    points: Array,
    components: int,
    *,
    covariance: CovarianceType = "full",
    init: str | Array = "k-means++",
    restarts: int = 1,
    tol: float = 1e-6,
    max_iter: int = 1000,
    seed: int = 0,
    sample_weight: Array | None = None,
    warn: bool = True,
) -> GaussianMixture:
    """Fits a mixture of Gaussians by expectation maximization (Dempster, Laird & Rubin 1977).

    Log-likelihoods are summed by log-sum-exp; densities come from Cholesky factors. Of several
    starts the best is returned: fits without a collapsed component come first, then fits in which
    every component holds at least as many points as it has parameters, then the likelihood
    decides. k-means++ starts with the covariance of the points nearest to each mean, the other
    initialisations with the covariance of all points.

    Axes are standardised first, so that results follow the units of each axis. A component
    collapses if its points share a value on an axis, or a line or a plane: its likelihood then
    grows without bound. In that direction its variance stays at a floor: the variance of a
    component that has a millionth of its weight at the next value on that axis, or the variance
    that the rounding of float64 resolves.

    Args:
        points: Points of shape (n, d), or (n,) for one dimension. Sums are float64; float32
            points give float32 parameters.
        components: Number of Gaussians, k; at least 1, at most the number of points.
        covariance: Form of the covariances: ``full`` (a matrix for each component), ``tied`` (a
            common matrix), ``diagonal`` (axis-parallel) or ``spherical`` (round).
        init: Initial means: ``k-means++`` (Arthur & Vassilvitskii 2007), ``random`` (points), or
            an array of shape (k, d), with which there is a single start.
        restarts: Number of starts, each from different means.
        tol: Gain of the mean log-likelihood per point, in nats, below which EM has converged.
        max_iter: Largest number of steps.
        seed: Seed of the initial means.
        sample_weight: How often each point counts, shape (n,), not negative; by default once.
        warn: Whether the log has a warning where a component has collapsed. Callers that compare
            mixtures read ``floored`` instead, and warn of the one that they choose.

    Returns:
        The fitted mixture.

    Raises:
        ValueError: If points are not finite, if fewer points than components have a weight, or if
            a parameter is out of range.

    Examples:
        >>> import numpy as np
        >>> from atelier.clustering import fit_mixture
        >>> points = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 13.0, 14.0])
        >>> mixture = fit_mixture(points, 2)
        >>> order = mixture.means[:, 0].argsort()
        >>> mixture.means[order, 0].round(2).tolist()
        [1.0, 12.0]
        >>> mixture.covariances[order, 0, 0].round(2).tolist()
        [0.67, 2.0]
        >>> mixture.weights[order].round(3).tolist()
        [0.375, 0.625]
    """
    _check_options(covariance, restarts, max_iter, init)
    cloud = PointCloud.from_points(
        points, sample_weight, components, common_scale=covariance == "spherical"
    )
    rng = np.random.default_rng(seed)
    fits = [
        _run_em(cloud, _start(cloud, components, init, covariance, rng), covariance, tol, max_iter)
        for _ in range(restarts if isinstance(init, str) else 1)
    ]
    best = _best_fit(fits, float(cloud.counts.sum()), covariance)
    if warn:
        warn_if_floored(best)
    return best


def warn_if_floored(mixture: GaussianMixture) -> None:
    """Logs a warning if a component of a mixture has collapsed onto the variance floor."""
    if mixture.floored:
        logger.warning(
            "At least one of %d components has no variance in a direction: its points share a "
            "value, a line or a plane, within the resolution of their numbers. Its variance in "
            "that direction is the variance floor, on which the log-likelihood and every "
            "information criterion depend",
            len(mixture.weights),
        )


def _best_fit(
    fits: list[GaussianMixture], size: float, covariance: CovarianceType
) -> GaussianMixture:
    """Returns the first fit of the highest rank; :func:`fit_mixture` states the order."""

    def rank(fit: GaussianMixture) -> tuple[bool, bool, float]:
        sound = not has_undersized_component(fit, size, covariance)
        return not fit.floored, sound, fit.log_likelihood

    return max(fits, key=rank)


def _start(
    cloud: PointCloud, components: int, init: str | Array, covariance: CovarianceType, rng: Any
) -> GaussianMixtureParameters:
    means = cloud.initial_means(components, init, rng)
    if isinstance(init, str) and init == "k-means++":
        return parameters_from_nearest_means(cloud, means, covariance)[0]
    return initial_parameters(cloud, means, covariance)[0]


def _check_options(covariance: str, restarts: int, max_iter: int, init: str | Array) -> None:
    if covariance not in COVARIANCE_FORMS:
        raise ValueError(
            f"Expected covariance in {tuple(COVARIANCE_FORMS)}. Received: {covariance!r}"
        )
    if restarts < 1 or max_iter < 1:
        raise ValueError(f"Expected restarts, max_iter from 1. Received: {restarts}, {max_iter}")
    if isinstance(init, str) and init not in {"random", "k-means++"}:
        raise ValueError(f"Expected init random, k-means++ or means. Received: {init!r}")


def _run_em(
    cloud: PointCloud,
    parameters: GaussianMixtureParameters,
    covariance: CovarianceType,
    tol: float,
    max_iter: int,
) -> GaussianMixture:
    """Runs EM from a start until a step gains less than ``tol`` per point."""
    moments = expectation_step(cloud, parameters)
    history, converged = [moments.log_likelihood], False
    while len(history) <= max_iter and not converged:
        parameters, collapsed = maximization_step(cloud, parameters, moments, covariance)
        moments = expectation_step(cloud, parameters)
        history.append(moments.log_likelihood)
        converged = history[-1] - history[-2] < tol * float(cloud.counts.sum())
    last = in_original_units(cloud, parameters, history[-1])
    converted = np.array(history) + last.log_likelihood - history[-1]
    return GaussianMixture(
        *last, history=converted, converged=converged, floored=bool(collapsed.any())
    )


def em_steps(
    points: Array, means: Array, *, covariance: CovarianceType = "full", iterations: int
) -> list[MixtureStep]:
    """Runs EM from given means and returns the mixture after every iteration.

    Args:
        points: Points of shape (n, d).
        means: Initial means, (k, d). The initial weights are equal, and the initial covariances
            those of all points.
        covariance: As for :func:`fit_mixture`.
        iterations: Number of steps.

    Returns:
        The initial mixture and the mixture after each step, ``iterations`` + 1 in all.

    Examples:
        >>> import numpy as np
        >>> from atelier.clustering import em_steps
        >>> points = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
        >>> trace = em_steps(points, np.array([[0.0], [12.0]]), iterations=20)
        >>> len(trace), trace[0].means.ravel().tolist(), trace[-1].means.ravel().round(2).tolist()
        (21, [0.0, 12.0], [1.0, 11.0])
    """
    cloud = PointCloud.from_points(
        np.asarray(points, np.float64), None, len(means), common_scale=covariance == "spherical"
    )
    start = cloud.initial_means(len(means), np.asarray(means), np.random.default_rng(0))
    parameters, _ = initial_parameters(cloud, start, covariance)
    trace = []
    for _ in range(iterations + 1):
        moments = expectation_step(cloud, parameters)
        trace.append(in_original_units(cloud, parameters, moments.log_likelihood))
        parameters, _ = maximization_step(cloud, parameters, moments, covariance)
    return trace


def has_undersized_component(
    mixture: GaussianMixture, points: float, covariance: CovarianceType
) -> bool:
    """Tells whether a component holds fewer points than its mean and covariance have parameters.

    Such a component fits noise: its likelihood is large because its points nearly lie on a line.

    Args:
        mixture: A fitted mixture.
        points: Number of points it was fitted to, or the sum of their weights.
        covariance: Form of the covariances.

    Returns:
        Whether there is such a component.
    """
    parameters = parameter_count(1, mixture.means.shape[1], covariance)
    return bool(mixture.weights.min() * points < parameters)
