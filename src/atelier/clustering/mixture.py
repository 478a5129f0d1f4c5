"""Mixtures of multivariate Gaussians by expectation maximization (Dempster, Laird & Rubin 1977)."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp, softmax

from atelier.clustering.em import (
    COVARIANCE_FORMS,
    ComponentDensities,
    CovarianceType,
    GaussianMixtureParameters,
    MixtureStep,
    expectation_step,
    in_original_units,
    initial_parameters,
    maximization_step,
    parameters_from_nearest_means,
)
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
    """(k, d, d), whatever their form."""
    log_likelihood: float
    """Natural logarithm of the likelihood of all points, summed (and weighted)."""
    history: Array
    """The log-likelihood before the first step and after each, rising."""
    converged: bool
    """Whether the last step gained less than the tolerance."""
    floored: bool
    """Whether a component has collapsed onto the variance floor, so that the likelihood has no
    maximum."""

    def log_densities(self, points: Array) -> Array:
        """Log of weight times density of each component at each point, (n, k)."""
        parts = (self.weights, self.means, self.covariances)
        evaluate = ComponentDensities(
            GaussianMixtureParameters(*(np.asarray(part, np.float64) for part in parts))
        )
        return evaluate.joint(evaluate.whiten(as_points(points).T)).T

    def responsibilities(self, points: Array) -> Array:
        """The probability of each component given each point, (n, k), rows summing to 1."""
        return np.asarray(softmax(self.log_densities(points), axis=1))

    def score_samples(self, points: Array) -> Array:
        """Log density of each point, (n,)."""
        return np.asarray(logsumexp(self.log_densities(points), axis=1))

    def predict(self, points: Array) -> Array:
        """The most probable component of each point, (n,)."""
        return np.asarray(self.log_densities(points).argmax(axis=1))


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
) -> GaussianMixture:
    """The mixture of ``components`` Gaussians that makes the points most likely, by EM.

    Log-likelihoods are summed by log-sum-exp, densities come from Cholesky factors. The best of
    ``restarts`` starts is taken, those without a collapsed component first, then those in which
    every component holds as many points as it has parameters. k-means++ starts with the spread of
    the points nearest to each mean, other starts with that of all points.

    Axes are standardised first, so that results follow the units of each axis. A component
    collapses where its points share a value on an axis, or a line or plane: its likelihood then
    grows without end. There its variance is kept at a floor, which is that of a millionth of the
    component at the next value on that axis, or what the rounding of float64 resolves.

    Args:
        points: (n, d), or (n,) for one dimension. Sums are float64; float32 points give float32
            parameters.
        components: k.
        covariance: One matrix each (full), one for all (tied), or axis-parallel (diagonal), or
            round (spherical) ones.
        init: Where means start: ``k-means++`` (Arthur & Vassilvitskii 2007), ``random`` points, or
            the means themselves, (k, d), which makes restarts needless.
        restarts: Starts, each from other means.
        tol: Gain in mean log-likelihood per point, in nats, below which it has converged.
        max_iter: Steps at most.
        seed: Of the starts.
        sample_weight: How often each point counts, (n,).

    Raises:
        ValueError: Points that are not finite, fewer of them that count than components, or
            parameters out of range.
    """
    _check_options(covariance, restarts, max_iter, init)
    cloud = PointCloud.from_points(
        points, sample_weight, components, common_scale=covariance == "spherical"
    )
    rng = np.random.default_rng(seed)
    fits = [
        _climb(cloud, _start(cloud, components, init, covariance, rng), covariance, tol, max_iter)
        for _ in range(restarts if isinstance(init, str) else 1)
    ]
    size = float(cloud.counts.sum())
    best = max(
        fits,
        key=lambda fit: (
            not fit.floored,
            not has_undersized_component(fit, size, covariance),
            fit.log_likelihood,
        ),
    )
    if best.floored:
        logger.warning(
            "of %d components, one or more have no variance in a direction: their points share a "
            "value, a line or a plane, as far as their numbers resolve. There the variance floor "
            "stands, on which the log-likelihood and every information criterion depend",
            components,
        )
    return best


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


def _climb(
    cloud: PointCloud,
    parameters: GaussianMixtureParameters,
    covariance: CovarianceType,
    tol: float,
    max_iter: int,
) -> GaussianMixture:
    """EM from one start to where a step gains less than ``tol`` a point."""
    moments = expectation_step(cloud, parameters)
    history, converged = [moments.log_likelihood], False
    while len(history) <= max_iter and not converged:
        parameters, collapsed = maximization_step(cloud, parameters, moments, covariance)
        moments = expectation_step(cloud, parameters)
        history.append(moments.log_likelihood)
        converged = history[-1] - history[-2] < tol * float(cloud.counts.sum())
    here = in_original_units(cloud, parameters, history[-1])
    moved = np.array(history) + here.log_likelihood - history[-1]
    return GaussianMixture(*here, history=moved, converged=converged, floored=bool(collapsed.any()))


def em_steps(
    points: Array, means: Array, *, covariance: CovarianceType = "full", iterations: int
) -> list[MixtureStep]:
    """EM from given means, (k, d): the start, and what each of ``iterations`` steps makes of it.

    Args:
        points: (n, d).
        means: Where the components start.
        covariance: As for :func:`fit_mixture`.
        iterations: Steps.
    """
    cloud = PointCloud.from_points(
        np.asarray(points, np.float64), None, len(means), common_scale=covariance == "spherical"
    )
    start = cloud.initial_means(len(means), np.asarray(means), np.random.default_rng(0))
    parameters, _ = initial_parameters(cloud, start, covariance)
    walk = []
    for _ in range(iterations + 1):
        moments = expectation_step(cloud, parameters)
        walk.append(in_original_units(cloud, parameters, moments.log_likelihood))
        parameters, _ = maximization_step(cloud, parameters, moments, covariance)
    return walk


def parameter_count(components: int, dimensions: int, covariance: CovarianceType) -> int:
    """Free parameters of a mixture: weights, means, covariances."""
    matrix = dimensions * (dimensions + 1) // 2
    covariances = {
        "full": components * matrix,
        "tied": matrix,
        "diagonal": components * dimensions,
        "spherical": components,
    }[covariance]
    return components - 1 + components * dimensions + covariances


def has_undersized_component(
    mixture: GaussianMixture, points: float, covariance: CovarianceType
) -> bool:
    """Whether a component holds fewer points than its mean and covariance have parameters.

    Such a component fits chance: its likelihood is large because its points nearly lie on a line.

    Args:
        mixture: A fitted mixture.
        points: How many it was fitted to, or the sum of their weights.
        covariance: As for :func:`fit_mixture`.
    """
    own = parameter_count(1, mixture.means.shape[1], covariance)
    return bool(mixture.weights.min() * points < own)


def bayesian_information_criterion(
    log_likelihood: float,
    points: float,
    components: int,
    dimensions: int,
    covariance: CovarianceType,
) -> float:
    """BIC (Schwarz 1978), lower being better: parameters · ln n - 2 log-likelihood."""
    free = parameter_count(components, dimensions, covariance)
    return float(free * np.log(points) - 2 * log_likelihood)
