"""Parameters of Gaussian components, and their log densities."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from atelier.clustering.covariances import invert_lower_triangular
from atelier.types import Array


class GaussianMixtureParameters(NamedTuple):
    """Parameters of k Gaussians in d dimensions, in the units of a point cloud."""

    weights: Array
    """(k,), summing to 1."""
    means: Array
    """(k, d)."""
    covariances: Array
    """(k, d, d)."""


class ComponentDensities:
    """Log of weight times density of each component; each covariance is factored once."""

    def __init__(self, parameters: GaussianMixtureParameters) -> None:
        self.means = parameters.means[:, :, None]
        self.factors = _cholesky_factors(parameters.covariances)
        self.whiteners = invert_lower_triangular(self.factors)
        with np.errstate(divide="ignore"):
            heights = np.log(parameters.weights)
        heights -= np.log(np.diagonal(self.factors, axis1=1, axis2=2)).sum(axis=1)
        self.heights = heights - 0.5 * parameters.means.shape[1] * np.log(2 * np.pi)

    def whiten(self, points: Array, origins: Array | None = None) -> list[Array]:
        """Transforms points to the coordinates in which each component is a standard normal.

        Args:
            points: (d, n).
            origins: Origins of the coordinates, (k, d); by default the components' means.

        Returns:
            The coordinates of all points for each component, k arrays of (d, n).
        """
        origins = self.means if origins is None else origins[:, :, None]
        pairs = zip(self.whiteners, origins, strict=True)
        return [whitener @ (points - origin) for whitener, origin in pairs]

    def log_joint(self, whitened: list[Array]) -> Array:
        """Returns the log of weight times density, (k, n), at whitened points, k of (d, n)."""
        out = np.empty((len(whitened), whitened[0].shape[1]))
        for row, coordinates in zip(out, whitened, strict=True):
            np.einsum("dn,dn->n", coordinates, coordinates, out=row)
        out *= -0.5
        out += self.heights[:, None]
        return out


def _cholesky_factors(covariances: Array) -> Array:
    try:
        return np.linalg.cholesky(covariances)
    except np.linalg.LinAlgError as error:
        raise FloatingPointError(
            f"Expected positive definite covariances. Received: {covariances.tolist()}"
        ) from error
