"""The two steps of EM on a cloud of points: expectation and maximization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from atelier.clustering.covariances import (
    COLLAPSE,
    apply_variance_floor,
    invert_lower_triangular,
    variance_resolution,
)
from atelier.clustering.point_cloud import PointCloud
from atelier.types import Array

CovarianceType = Literal["full", "tied", "diagonal", "spherical"]
BLOCK = 1 << 13  # points that are processed together
CANCELLED = 1e-8
"""Variance, as a share of the squared step of its mean, below which moments are taken anew."""


class GaussianMixtureParameters(NamedTuple):
    """A mixture in the cloud's own units: (k,), (k, d), (k, d, d)."""

    weights: Array
    means: Array
    covariances: Array


class MixtureStep(NamedTuple):
    """The mixture after a number of iterations, in the units of the points."""

    weights: Array
    means: Array
    covariances: Array
    log_likelihood: float


class Moments(NamedTuple):
    """Weighted sums over all points, in coordinates z of each component: x = origin + factor z."""

    log_likelihood: float
    mass: Array
    """(k,), the weights."""
    first: Array
    """(k, d), of z."""
    second: Array
    """(k, d, d), of z zᵀ."""
    origins: Array
    """(k, d)."""
    factors: Array
    """(k, d, d)."""


class ComponentDensities:
    """Log of weight times density of components, whose covariances are factored once."""

    def __init__(self, parameters: GaussianMixtureParameters) -> None:
        self.means = parameters.means[:, :, None]
        self.factors = _factors(parameters.covariances)
        self.whiteners = invert_lower_triangular(self.factors)
        with np.errstate(divide="ignore"):
            heights = np.log(parameters.weights)
        heights -= np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)
        self.heights = heights - 0.5 * parameters.means.shape[1] * np.log(2 * np.pi)

    def whiten(self, points: Array, origins: Array | None = None) -> list[Array]:
        """Points (d, n) in the coordinates of each component, about its mean or another origin."""
        origins = self.means if origins is None else origins[:, :, None]
        pairs = zip(self.whiteners, origins, strict=True)
        return [whitener @ (points - origin) for whitener, origin in pairs]

    def joint(self, white: list[Array]) -> Array:
        """Log of weight times density, (k, n)."""
        out = np.empty((len(white), white[0].shape[1]))
        for row, coordinates in zip(out, white, strict=True):
            np.einsum("dn,dn->n", coordinates, coordinates, out=row)
        out *= -0.5
        out += self.heights[:, None]
        return out


def _factors(covariances: Array) -> Array:
    try:
        return np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError as error:
        raise FloatingPointError(
            f"Expected positive definite covariances. Received: {covariances.tolist()}"
        ) from error


def _responsibilities(joint: Array) -> tuple[Array, Array]:
    """(k, n), columns summing to 1, and the log density of each point, (n,); overwrites."""
    top = joint.max(axis=0)
    joint -= top
    np.exp(joint, out=joint)
    total = joint.sum(axis=0)
    joint /= total
    return joint, top + np.log(total)


def expectation_step(
    cloud: PointCloud, parameters: GaussianMixtureParameters, origins: Array | None = None
) -> Moments:
    """Visits every point once, some at a time so that they stay in the core's cache.

    Args:
        cloud: The points.
        parameters: The mixture whose responsibilities weight them.
        origins: Points about which moments are taken, (k, d); the means, if not given.
    """
    evaluate = ComponentDensities(parameters)
    count, dimensions = parameters.means.shape
    first, second = np.zeros((count, dimensions)), np.zeros((count, dimensions, dimensions))
    mass, likelihood = np.zeros(count), 0.0
    for start in range(0, cloud.points.shape[1], BLOCK):
        points = cloud.points[:, start : start + BLOCK]
        counts = cloud.counts[start : start + BLOCK]
        white = evaluate.whiten(points)
        shares, total = _responsibilities(evaluate.joint(white))
        likelihood += float(total @ counts)
        shares *= counts
        mass += shares.sum(axis=1)
        white = white if origins is None else evaluate.whiten(points, origins)
        for k, (share, coordinates) in enumerate(zip(shares, white, strict=True)):
            weighted = coordinates * share
            first[k] += weighted.sum(axis=1)
            second[k] += weighted @ coordinates.T
    about = parameters.means if origins is None else origins
    return Moments(likelihood, mass, first, second, about, evaluate.factors)


def maximization_step(
    cloud: PointCloud,
    parameters: GaussianMixtureParameters,
    moments: Moments,
    covariance: CovarianceType,
) -> tuple[GaussianMixtureParameters, Array]:
    """One maximization; (k,), which components have collapsed.

    Args:
        cloud: The points.
        parameters: What ``moments`` were taken with.
        moments: Of an expectation.
        covariance: Form of the covariances.
    """
    shift, scatter = _central(moments)
    moved = (shift**2).sum(axis=1)
    least = np.linalg.eigvalsh(scatter)[:, 0]
    if (least + CANCELLED**2 < CANCELLED * moved).any():
        means = moments.origins + np.einsum("kij,kj->ki", moments.factors, shift)
        moments = expectation_step(cloud, parameters, means)
    return parameters_from_moments(cloud, moments, covariance)


def parameters_from_moments(
    cloud: PointCloud, moments: Moments, covariance: CovarianceType
) -> tuple[GaussianMixtureParameters, Array]:
    """The parameters that make these moments' points most likely; (k,), which have collapsed."""
    shift, scatter = _central(moments)
    factors = moments.factors
    means = moments.origins + np.einsum("kij,kj->ki", factors, shift)
    scatter = factors @ scatter @ factors.swapaxes(1, 2)
    return constrain_covariances(
        cloud, moments.mass / moments.mass.sum(), means, scatter, covariance
    )


def _central(moments: Moments) -> tuple[Array, Array]:
    """By how much each mean moves, and the covariance about it, in the moments' coordinates."""
    mass = np.maximum(moments.mass, np.finfo(np.float64).tiny)
    shift = moments.first / mass[:, None]
    return shift, moments.second / mass[:, None, None] - shift[:, :, None] * shift[:, None, :]


def constrain_covariances(
    cloud: PointCloud, weights: Array, means: Array, scatter: Array, covariance: CovarianceType
) -> tuple[GaussianMixtureParameters, Array]:
    """Gives covariances their form, and a floor where the points show no variance.

    Returns:
        The parameters, and which components have collapsed, (k,).
    """
    form, unit = COVARIANCE_FORMS[covariance], np.eye(scatter.shape[1])
    variances = np.diagonal(scatter, axis1=1, axis2=2)
    narrow = (variances < COLLAPSE * cloud.spans**2).any()
    steps = cloud.steps if narrow else np.zeros(len(unit))
    least = (
        variance_resolution(steps, cloud.mean_squares(means, variances)) + cloud.smallest_variance
    )
    least = np.diagonal(form(least[:, :, None] * unit, weights), axis1=1, axis2=2)
    covariances = form(scatter, weights)
    flat = cloud.flat if covariance in ("full", "tied") else np.zeros_like(unit)
    covariances = covariances + flat
    axes = np.diagonal(covariances, axis1=1, axis2=2)
    covariances, collapsed = apply_variance_floor(
        covariances, np.maximum(least, cloud.condition * axes)
    )
    return GaussianMixtureParameters(weights, means, covariances), collapsed | flat.any()


def initial_parameters(
    cloud: PointCloud, means: Array, covariance: CovarianceType
) -> tuple[GaussianMixtureParameters, Array]:
    """Equal weights, and the covariance of all points for each component."""
    count = len(means)
    scatter = np.repeat(cloud.covariance[None], count, axis=0)
    return constrain_covariances(cloud, np.full(count, 1 / count), means, scatter, covariance)


def parameters_from_nearest_means(
    cloud: PointCloud, means: Array, covariance: CovarianceType
) -> tuple[GaussianMixtureParameters, Array]:
    """One maximization with each point given wholly to the nearest of the means.

    A component that starts with too few points for a covariance takes the mean one of all.
    """
    moments = _nearest_moments(cloud, means)
    parameters, collapsed = parameters_from_moments(cloud, moments, covariance)
    scatter = _central(moments)[1]
    pooled = np.einsum("k,kij->ij", parameters.weights, scatter)
    scatter = np.where(collapsed[:, None, None], pooled, scatter)
    return constrain_covariances(cloud, parameters.weights, parameters.means, scatter, covariance)


def _nearest_moments(cloud: PointCloud, means: Array) -> Moments:
    """Moments about each mean of the points that are nearest to it."""
    nearest = np.argmin([cloud.squared_distances(mean) for mean in means], axis=0)
    count, dimensions = means.shape
    first, second = np.zeros((count, dimensions)), np.zeros((count, dimensions, dimensions))
    for k, mean in enumerate(means):
        own = nearest == k
        gaps = cloud.points[:, own] - mean[:, None]
        weighted = gaps * cloud.counts[own]
        first[k], second[k] = weighted.sum(axis=1), weighted @ gaps.T
    mass = np.bincount(nearest, cloud.counts, minlength=count)
    units = np.repeat(np.eye(dimensions)[None], count, axis=0)
    return Moments(0.0, mass, first, second, means, units)


def in_original_units(
    cloud: PointCloud, parameters: GaussianMixtureParameters, log_likelihood: float
) -> MixtureStep:
    """The parameters and their likelihood in the units that the points came in."""
    units = cloud.scale[:, None] * cloud.scale
    logs = float(np.log(cloud.scale).sum())
    return MixtureStep(
        parameters.weights.astype(cloud.kind),
        (parameters.means * cloud.scale + cloud.centre).astype(cloud.kind),
        (parameters.covariances * units).astype(cloud.kind),
        log_likelihood - float(cloud.counts.sum()) * logs,
    )


def _full(scatter: Array, weights: Array) -> Array:
    return scatter


def _tied(scatter: Array, weights: Array) -> Array:
    mean = np.einsum("k,kij->ij", weights, scatter)
    return np.repeat(mean[None], len(scatter), axis=0)


def _diagonal(scatter: Array, weights: Array) -> Array:
    return scatter * np.eye(scatter.shape[1])


def _spherical(scatter: Array, weights: Array) -> Array:
    variance = np.einsum("kii->k", scatter) / scatter.shape[1]
    return np.asarray(variance[:, None, None] * np.eye(scatter.shape[1]))


COVARIANCE_FORMS: dict[str, Callable[[Array, Array], Array]] = {
    "full": _full,
    "tied": _tied,
    "diagonal": _diagonal,
    "spherical": _spherical,
}
