"""Points for EM: validation, standardisation, weights, and the initial means of a mixture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from atelier.clustering.covariances import CONDITION, smallest_differences
from atelier.evaluation.validation import real_numbers
from atelier.types import Array

COMMON_UNIT_RATIO = 100.0
"""Largest ratio of the standard deviations of axes that are taken to share a unit."""


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points about their mean, in units of their standard deviation, each with its weight."""

    points: Array
    """(d, n) float64."""
    counts: Array
    """(n,), how often each point counts."""
    centre: Array
    """(d,), in the units that the points came in."""
    scale: Array
    """(d,), likewise: a standard deviation on each axis, or the same on all axes."""
    dtype: type[np.floating]
    """Float type of the parameters in the original units."""

    @classmethod
    def from_points(
        cls, points: Array, weight: Array | None, components: int, *, common_scale: bool = False
    ) -> PointCloud:
        """Validates points, subtracts their mean and scales them, so that no digits cancel.

        Args:
            points: (n, d), or (n,) for one dimension.
            weight: How often each point counts, (n,); by default once.
            components: Number of components of the mixture, k.
            common_scale: Whether all axes are divided by the same number.

        Returns:
            The standardised points.

        Raises:
            ValueError: If points or weights are invalid, if there are fewer points than
                components, or if float64 (float32 for float32 points) cannot hold the variances.
        """
        dtype = np.float32 if np.asarray(points).dtype == np.float32 else np.float64
        points = np.ascontiguousarray(as_points(points).T)  # (d, n)
        counts = checked_counts(weight, points.shape[1], components)
        units = _powers_of_two(points)
        points = points / units[:, None]
        low, varies = points.min(axis=1), np.ptp(points, axis=1) > 0
        share = counts / counts.sum()
        centre = np.where(varies, points @ share, low)
        points -= centre[:, None]
        scale = np.where(varies, np.sqrt(points**2 @ share) * units, 1.0)
        _check_scale(scale[varies], dtype)
        if common_scale:
            scale = np.full(len(scale), _root_mean_square(np.where(varies, scale, 0.0)))
        points *= (units / scale)[:, None]
        return cls(points, counts, centre * units, scale, dtype)

    @cached_property
    def covariance(self) -> Array:
        """Returns the covariance of all points, (d, d)."""
        return np.asarray((self.points * self.counts) @ self.points.T / self.counts.sum())

    @cached_property
    def ranges(self) -> Array:
        """Returns the largest minus the smallest value on each axis, (d,)."""
        return np.asarray(np.ptp(self.points, axis=1))

    @cached_property
    def smallest_differences(self) -> Array:
        """Returns the least distance between different values on each axis, (d,)."""
        return smallest_differences(self.points[:, self.counts > 0])

    @cached_property
    def offset(self) -> Array:
        """Returns the centre in the cloud's units, (d,); 0 on a constant axis."""
        return np.where(self.ranges > 0, self.centre / self.scale, 0.0)

    @property
    def condition(self) -> float:
        """Returns the least variance of a direction, as a share of the axes' variances."""
        return max(CONDITION, 16 * float(np.finfo(self.dtype).eps) * (self.dtype is np.float32))

    @cached_property
    def flat_variance(self) -> Array:
        """Returns a small variance, (d, d), normal to the subspace in which all points lie.

        Directions without variance are candidates; a direction is normal to the subspace if every
        point's coordinate along it is within the rounding of the point's values.
        """
        values, vectors = np.linalg.eigh(self.covariance)
        across = vectors[:, values < self.condition]
        sizes = np.abs(self.points) + np.abs(self.offset)[:, None]
        rounding = 4 * float(np.finfo(self.dtype).eps) * (np.abs(across.T) @ sizes)
        within = (np.abs(across.T @ self.points) <= rounding).all(axis=1)
        normals = across[:, within]
        return np.asarray(self.condition * normals @ normals.T)

    @cached_property
    def smallest_variance(self) -> Array:
        """Returns the least positive variance in the result's units and float type, (d,)."""
        return np.asarray((2 * np.sqrt(np.finfo(self.dtype).tiny) / self.scale) ** 2)

    def mean_squares(self, means: Array, variances: Array) -> Array:
        """Returns mean squares about the original origin, with a margin for rounding."""
        return (means + self.offset) ** 2 + variances + 1

    @cached_property
    def axis_weights(self) -> Array:
        """Returns the factor of each axis in a distance, (d,).

        Axes of similar standard deviation are taken to share a unit, in which distances are
        measured. Where the ratio of two deviations exceeds COMMON_UNIT_RATIO, each axis counts
        the same.
        """
        varying = self.scale[self.ranges > 0]
        if len(varying) == 0 or varying.max() > COMMON_UNIT_RATIO * varying.min():
            return np.ones(len(self.scale))
        return np.where(self.ranges > 0, self.scale / varying.max(), 0.0)

    def squared_distances(self, mean: Array) -> Array:
        """Returns the squared distance of each point from a mean, (n,)."""
        gaps = (self.points - mean[:, None]) * self.axis_weights[:, None]
        return np.asarray(np.einsum("dn,dn->n", gaps, gaps))

    def initial_means(self, components: int, init: str | Array, rng: np.random.Generator) -> Array:
        """Chooses the means from which EM starts.

        Args:
            components: Number of means, k.
            init: ``random``, ``k-means++``, or the means in original units, (k, d).
            rng: Source of the random numbers.

        Returns:
            Means in the cloud's units, (k, d).

        Raises:
            ValueError: If given means have another shape or are not finite.
        """
        if not isinstance(init, str):
            means, shape = np.asarray(init, np.float64), (components, len(self.points))
            if means.shape != shape or not np.isfinite(means).all():
                raise ValueError(f"Expected finite means of {shape}. Received: {means.shape}")
            return (means - self.centre) / self.scale
        share = self.counts / self.counts.sum()
        if init == "random":
            return self.points[:, rng.choice(len(share), components, replace=False, p=share)].T
        return self._k_means_plus_plus(components, share, rng)

    def _k_means_plus_plus(self, components: int, share: Array, rng: np.random.Generator) -> Array:
        """Draws means by k-means++ (Arthur & Vassilvitskii 2007)."""
        chosen = [int(rng.choice(len(share), p=share))]
        nearest = np.full(len(share), np.inf)
        while len(chosen) < components:
            distances = self.squared_distances(self.points[:, chosen[-1]])
            nearest = np.minimum(nearest, distances)
            odds = nearest * share
            odds = odds / odds.sum() if odds.any() else share
            chosen.append(int(rng.choice(len(share), p=odds)))
        return self.points[:, chosen].T


def as_points(points: Array) -> Array:
    """Returns points as (n, d) float64; points of one dimension may have the shape (n,).

    Raises:
        ValueError: If the points are masked, not finite, or have another shape.
    """
    points = real_numbers("points", points).astype(np.float64)
    points = points[:, None] if points.ndim == 1 else points
    invalid = points.size - int(np.isfinite(points).sum())
    if points.ndim != 2 or 0 in points.shape or invalid:
        raise ValueError(
            f"Expected finite points, (n, d). Received: {points.shape}, {invalid} NaN or infinite"
        )
    return points


def checked_counts(weight: Array | None, n: int, components: int) -> Array:
    """Returns how often each point counts, (n,) float64; by default once.

    Args:
        weight: One weight for each point, or None.
        n: Number of points.
        components: Number of Gaussians that the points are to have.

    Raises:
        ValueError: If a weight is negative, masked or not finite, there are not n, or fewer points
            count than there are components.
    """
    counts = np.ones(n) if weight is None else real_numbers("weights", weight).astype(np.float64)
    if counts.shape != (n,) or (counts < 0).any() or not np.isfinite(counts).all():
        raise ValueError(f"Expected one weight >= 0 a point. Received: {counts.shape}")
    size = int((counts > 0).sum())
    if components < 1 or components > size:
        raise ValueError(
            "Expected from one component to as many as there are points. "
            f"Received: components={components}, {size} points"
        )
    return counts


def _powers_of_two(points: Array) -> Array:
    """Returns the largest power of two up to the largest absolute value on each axis, (d,)."""
    largest = np.abs(points).max(axis=1)
    return np.where(largest > 0, np.ldexp(1.0, np.frexp(largest)[1] - 1), 1.0)


def _root_mean_square(values: Array) -> float:
    """Computes the root of the mean square without overflow; 1 if all values are 0."""
    largest = float(values.max())
    return largest * float(np.sqrt(np.mean((values / largest) ** 2))) if largest else 1.0


def _check_scale(scale: Array, dtype: type[np.floating]) -> None:
    """Raises ValueError if a variance would overflow or vanish."""
    limits = np.finfo(dtype)
    low, high = 1e3 * np.sqrt(float(limits.tiny)), 0.1 * np.sqrt(float(limits.max))
    if ((scale < low) | (scale > high)).any():
        alternative = " or give them as float64" if dtype is np.float32 else ""
        raise ValueError(
            f"Expected points whose standard deviation on each axis is within {low:.0e} … "
            f"{high:.0e}, so that {dtype.__name__} holds their variances. Received: "
            f"{scale.min():.3g} … {scale.max():.3g}. Multiply the points by a constant{alternative}"
        )
