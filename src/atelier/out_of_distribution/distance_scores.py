"""Scores by distances from Gaussians of features: Mahalanobis, Mahalanobis++ and relative."""

import numpy as np

from atelier.out_of_distribution.base import (
    LastLayer,
    NetworkOutputs,
    OutOfDistributionScore,
    unit_length,
)
from atelier.types import Array

CONSTANT = 1e-10
"""Variance of a direction, relative to the largest, up to which training features are constant
there within single precision. Such directions are ignored, as by a pseudo-inverse."""


def whitening(residuals: Array) -> Array:
    """Returns the matrix that maps residuals to uncorrelated ones of variance 1.

    Args:
        residuals: (n, dimensions), of mean 0.

    Returns:
        (dimensions, rank). Directions of no variance are left out (`CONSTANT`); the rank is below
        the number of dimensions if features are constant or n is small.

    Examples:
        >>> np.abs(whitening(np.array([[2.0, 0.0], [-2.0, 0.0]]))).tolist()  # signs are free
        [[0.5], [0.0]]
    """
    variances, directions = np.linalg.eigh(residuals.T @ residuals / len(residuals))
    varying = variances > CONSTANT * variances[-1]
    return np.asarray(directions[:, varying] / np.sqrt(variances[varying]))


def class_means(features: Array, labels: Array, classes: int) -> Array:
    """Returns the mean of each class, (classes, dimensions); NaN where a class is absent.

    Args:
        features: (n, dimensions).
        labels: (n,), integers in [0, classes).
        classes: Number of classes.

    Returns:
        Means, in the units of the features.
    """
    sums = np.zeros((classes, features.shape[1]))
    np.add.at(sums, labels, features)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / np.bincount(labels, minlength=classes)[:, None])


def squared_distances(points: Array, centres: Array) -> Array:
    """Returns the squared Euclidean distance of every point from every centre.

    Args:
        points: (n, dimensions).
        centres: (m, dimensions).

    Returns:
        (n, m), ≥ 0. Each is a sum of squares, so that near points lose no digits.
    """
    distances = np.empty((len(points), len(centres)))
    for index, centre in enumerate(centres):
        offset = points - centre
        distances[:, index] = np.einsum("ij,ij->i", offset, offset)
    return distances


class Mahalanobis(OutOfDistributionScore):
    """Minus the squared Mahalanobis distance from the nearest class (Lee et al. 2018, 1807.03888).

    −min_k (h − μ_k)ᵀ Σ⁻¹ (h − μ_k), with the mean μ_k of each class of training features h and
    one covariance Σ of their residuals (maximum likelihood). Σ⁻¹ is a pseudo-inverse where
    features are constant or fewer than dimensions (`CONSTANT`). Invariant under rotations of the
    features.

    Attributes:
        whitener: (dimensions, rank).
        centres: Whitened means of the classes that occur, (classes, rank).
    """

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        features = self._features(outputs.features)
        means = class_means(features, outputs.labels, outputs.logits.shape[1])
        self.whitener = whitening(features - means[outputs.labels])
        self.centres = means[np.bincount(outputs.labels, minlength=len(means)) > 0] @ self.whitener

    def _features(self, features: Array) -> Array:
        """Returns the features of which distances are taken: as they are."""
        return features

    def _score(self, features: Array, logits: Array) -> Array:
        white = self._features(features) @ self.whitener
        return np.asarray(-squared_distances(white, self.centres).min(axis=1))


class NormalizedMahalanobis(Mahalanobis):
    """Mahalanobis++: the same distance of features of length 1 (Müller & Hein 2025, 2505.18032).

    h / ‖h‖₂ replaces h in training and test: lengths of features vary between classes, which the
    single covariance cannot follow. Invariant under rotations and under positive factors of a
    feature vector.
    """

    def _features(self, features: Array) -> Array:
        return unit_length(features)


class RelativeMahalanobis(Mahalanobis):
    """Mahalanobis distance less that from all training features (Ren et al. 2021, 2106.09022).

    −min_k (d_k² − d_0²), where d_0 is the Mahalanobis distance of a single Gaussian for all
    training features, with their mean and covariance.

    Attributes:
        overall_whitener: (dimensions, rank), of all training features about their mean.
        overall_centre: Their whitened mean, (1, rank).
    """

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        super()._fit(outputs, last_layer)
        mean = outputs.features.mean(axis=0)
        self.overall_whitener = whitening(outputs.features - mean)
        self.overall_centre = mean[None] @ self.overall_whitener

    def _score(self, features: Array, logits: Array) -> Array:
        overall = squared_distances(features @ self.overall_whitener, self.overall_centre)[:, 0]
        return super()._score(features, logits) + overall
