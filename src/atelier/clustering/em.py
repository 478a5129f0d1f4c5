"""Expectation and maximization steps on a point cloud (Dempster, Laird & Rubin 1977).

All arrays of this module are in the units of the :class:`PointCloud`, but for what
:func:`in_original_units` returns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from atelier.clustering.components import ComponentDensities, GaussianMixtureParameters
from atelier.clustering.covariances import (
    COLLAPSE,
    COVARIANCE_FORMS,
    apply_variance_floor,
    variance_resolution,
)
from atelier.clustering.params import CovarianceType
from atelier.clustering.point_cloud import PointCloud
from atelier.types import Array

BLOCK_SIZE = 1 << 13
"""Points that are processed together, so that they stay in the cache of a core."""
CANCELLATION = 1e-8
"""Variance, as a share of the squared step of its mean, below which moments are taken anew."""


class MixtureStep(NamedTuple):
    """The mixture after a number of iterations, in the units of the points."""

    weights: Array
    """(k,), summing to 1."""
    means: Array
    """(k, d)."""
    covariances: Array
    """(k, d, d)."""
    log_likelihood: float
    """Natural logarithm of the likelihood of all points."""


class Moments(NamedTuple):
    """Weighted sums over all points, in coordinates z of each component: x = origin + factor z."""

    log_likelihood: float
    mass: Array
    """(k,), the sums of the weights."""
    first: Array
    """(k, d), the sums of z."""
    second: Array
    """(k, d, d), the sums of z zᵀ."""
    origins: Array
    """(k, d)."""
    factors: Array
    """(k, d, d)."""


def _responsibilities(joint: Array) -> tuple[Array, Array]:
    """Returns responsibilities, (k, n), and the log density of each point, (n,); overwrites."""
    top = joint.max(axis=0)
    joint -= top
    np.exp(joint, out=joint)
    total = joint.sum(axis=0)
    joint /= total
    return joint, top + np.log(total)


def expectation_step(
    cloud: PointCloud, parameters: GaussianMixtureParameters, origins: Array | None = None
) -> Moments:
    """Computes the moments of all points, weighted by responsibility.

    Args:
        cloud: The points.
        parameters: The mixture that gives the responsibilities.
        origins: Points about which moments are taken, (k, d); by default the means.

    Returns:
        The moments and the log-likelihood of the parameters.
    """
    densities = ComponentDensities(parameters)
    count, dimensions = parameters.means.shape
    first, second = np.zeros((count, dimensions)), np.zeros((count, dimensions, dimensions))
    mass, likelihood = np.zeros(count), 0.0
    for start in range(0, cloud.points.shape[1], BLOCK_SIZE):
        points = cloud.points[:, start : start + BLOCK_SIZE]
        counts = cloud.counts[start : start + BLOCK_SIZE]
        whitened = densities.whiten(points)
        shares, total = _responsibilities(densities.log_joint(whitened))
        likelihood += float(total @ counts)
        shares *= counts
        mass += shares.sum(axis=1)
        whitened = whitened if origins is None else densities.whiten(points, origins)
        for k, (share, coordinates) in enumerate(zip(shares, whitened, strict=True)):
            weighted = coordinates * share
            first[k] += weighted.sum(axis=1)
            second[k] += weighted @ coordinates.T
    about = parameters.means if origins is None else origins
    return Moments(likelihood, mass, first, second, about, densities.factors)


def maximization_step(
    cloud: PointCloud,
    parameters: GaussianMixtureParameters,
    moments: Moments,
    covariance: CovarianceType,
) -> tuple[GaussianMixtureParameters, Array]:
    """Computes the parameters that maximize the expected log-likelihood.

    Args:
        cloud: The points.
        parameters: The parameters with which the moments were computed.
        moments: What :func:`expectation_step` returns.
        covariance: Form of the covariances.

    Returns:
        The new parameters, and a mask of the components that have collapsed, (k,).
    """
    shift, scatter = _central_moments(moments)
    moved = (shift**2).sum(axis=1)
    least = np.linalg.eigvalsh(scatter)[:, 0]
    if (least + CANCELLATION**2 < CANCELLATION * moved).any():
        means = moments.origins + np.einsum("kij,kj->ki", moments.factors, shift)
        moments = expectation_step(cloud, parameters, means)
    return parameters_from_moments(cloud, moments, covariance)


def parameters_from_moments(
    cloud: PointCloud, moments: Moments, covariance: CovarianceType
) -> tuple[GaussianMixtureParameters, Array]:
    """Computes the most likely parameters of points with these moments.

    Args:
        cloud: The points.
        moments: Their weighted moments.
        covariance: Form of the covariances.

    Returns:
        The parameters, and a mask of the components that have collapsed, (k,).
    """
    shift, scatter = _central_moments(moments)
    factors = moments.factors
    means = moments.origins + np.einsum("kij,kj->ki", factors, shift)
    scatter = factors @ scatter @ factors.swapaxes(1, 2)
    weights = moments.mass / moments.mass.sum()
    return constrain_covariances(cloud, weights, means, scatter, covariance)


def _central_moments(moments: Moments) -> tuple[Array, Array]:
    """Returns each mean's shift and the covariance about it, in the moments' coordinates."""
    mass = np.maximum(moments.mass, np.finfo(np.float64).tiny)
    shift = moments.first / mass[:, None]
    return shift, moments.second / mass[:, None, None] - shift[:, :, None] * shift[:, None, :]


def constrain_covariances(
    cloud: PointCloud, weights: Array, means: Array, scatter: Array, covariance: CovarianceType
) -> tuple[GaussianMixtureParameters, Array]:
    """Gives covariances their form, and a floor where the points show no variance.

    Args:
        cloud: The points.
        weights: (k,), summing to 1.
        means: (k, d).
        scatter: Covariance of each component without constraints, (k, d, d).
        covariance: Form of the covariances.

    Returns:
        The parameters, and a mask of the components that have collapsed, (k,).
    """
    form, unit = COVARIANCE_FORMS[covariance], np.eye(scatter.shape[1])
    variances = np.diagonal(scatter, axis1=1, axis2=2)
    narrow = (variances < COLLAPSE * cloud.ranges**2).any()
    steps = cloud.smallest_differences if narrow else np.zeros(len(unit))
    resolution = variance_resolution(steps, cloud.mean_squares(means, variances))
    least = resolution + cloud.smallest_variance
    least = np.diagonal(form(least[:, :, None] * unit, weights), axis1=1, axis2=2)
    covariances = form(scatter, weights)
    flat = cloud.flat_variance if covariance in ("full", "tied") else np.zeros_like(unit)
    covariances = covariances + flat
    axes = np.diagonal(covariances, axis1=1, axis2=2)
    covariances, collapsed = apply_variance_floor(
        covariances, np.maximum(least, cloud.condition * axes)
    )
    return GaussianMixtureParameters(weights, means, covariances), collapsed | flat.any()


def initial_parameters(
    cloud: PointCloud, means: Array, covariance: CovarianceType
) -> tuple[GaussianMixtureParameters, Array]:
    """Returns equal weights, and the covariance of all points for each component.

    Args:
        cloud: The points.
        means: (k, d).
        covariance: Form of the covariances.

    Returns:
        The parameters, and a mask of the components that have collapsed, (k,).
    """
    count = len(means)
    scatter = np.repeat(cloud.covariance[None], count, axis=0)
    return constrain_covariances(cloud, np.full(count, 1 / count), means, scatter, covariance)


def parameters_from_nearest_means(
    cloud: PointCloud, means: Array, covariance: CovarianceType
) -> tuple[GaussianMixtureParameters, Array]:
    """Computes the parameters of clusters in which each point belongs to its nearest mean.

    A cluster of too few points for a covariance takes the pooled covariance of all clusters.

    Args:
        cloud: The points.
        means: (k, d).
        covariance: Form of the covariances.

    Returns:
        The parameters, and a mask of the components that have collapsed, (k,).
    """
    moments = _nearest_moments(cloud, means)
    parameters, collapsed = parameters_from_moments(cloud, moments, covariance)
    scatter = _central_moments(moments)[1]
    pooled = np.einsum("k,kij->ij", parameters.weights, scatter)
    scatter = np.where(collapsed[:, None, None], pooled, scatter)
    return constrain_covariances(cloud, parameters.weights, parameters.means, scatter, covariance)


def _nearest_moments(cloud: PointCloud, means: Array) -> Moments:
    """Computes the moments about each mean of the points that are nearest to it."""
    nearest = np.argmin([cloud.squared_distances(mean) for mean in means], axis=0)
    count, dimensions = means.shape
    first, second = np.zeros((count, dimensions)), np.zeros((count, dimensions, dimensions))
    for k, mean in enumerate(means):
        members = nearest == k
        gaps = cloud.points[:, members] - mean[:, None]
        weighted = gaps * cloud.counts[members]
        first[k], second[k] = weighted.sum(axis=1), weighted @ gaps.T
    mass = np.bincount(nearest, cloud.counts, minlength=count)
    units = np.repeat(np.eye(dimensions)[None], count, axis=0)
    return Moments(0.0, mass, first, second, means, units)


def in_original_units(
    cloud: PointCloud, parameters: GaussianMixtureParameters, log_likelihood: float
) -> MixtureStep:
    """Converts parameters and their likelihood to the units in which the points came.

    Args:
        cloud: The points.
        parameters: In the cloud's units.
        log_likelihood: Of the parameters, in the cloud's units.

    Returns:
        The mixture in the units and the float type of the original points.
    """
    units = cloud.scale[:, None] * cloud.scale
    logs = float(np.log(cloud.scale).sum())
    return MixtureStep(
        parameters.weights.astype(cloud.dtype),
        (parameters.means * cloud.scale + cloud.centre).astype(cloud.dtype),
        (parameters.covariances * units).astype(cloud.dtype),
        log_likelihood - float(cloud.counts.sum()) * logs,
    )
