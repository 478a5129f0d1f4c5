"""Points for EM: checked, moved, scaled and counted, and where a mixture of them may start."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from atelier.clustering.covariances import CONDITION, smallest_differences
from atelier.types import Array

ALIKE = 100.0
"""Largest ratio of standard deviations of axes that may share a unit."""


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points about their mean, in units of their standard deviation, each with its count."""

    points: Array
    """(d, n) float64."""
    counts: Array
    """(n,)."""
    centre: Array
    """(d,), in the units that the points came in."""
    scale: Array
    """(d,), likewise: a standard deviation on each axis, or the same on all axes."""
    kind: type[np.floating]
    """Of the parameters that are reported."""

    @classmethod
    def from_points(
        cls, points: Array, weight: Array | None, components: int, *, common_scale: bool = False
    ) -> PointCloud:
        """Checks points, moves them to their mean and scales them, so that nothing cancels.

        Args:
            points: (n, d), or (n,) for one dimension.
            weight: How often each point counts, (n,); once, if not given.
            components: How many a mixture of the points is to have.
            common_scale: Whether all axes are divided by the same number.

        Raises:
            ValueError: Points or weights that cannot be, fewer points than components, or points
                whose variances float64 (or float32, where the points are) does not hold.
        """
        kind = np.float32 if np.asarray(points).dtype == np.float32 else np.float64
        points = np.ascontiguousarray(as_points(points).T)  # (d, n)
        counts = _checked_counts(weight, points.shape[1], components)
        units = _powers_of_two(points)
        points = points / units[:, None]
        low, varies = points.min(axis=1), np.ptp(points, axis=1) > 0
        share = counts / counts.sum()
        centre = np.where(varies, points @ share, low)
        points -= centre[:, None]
        scale = np.where(varies, np.sqrt(points**2 @ share) * units, 1.0)
        _check_scale(scale[varies], kind)
        if common_scale:
            scale = np.full(len(scale), _root_mean_square(np.where(varies, scale, 0.0)))
        points *= (units / scale)[:, None]
        return cls(points, counts, centre * units, scale, kind)

    @cached_property
    def covariance(self) -> Array:
        """Second moments of all points about their mean, (d, d)."""
        return np.asarray((self.points * self.counts) @ self.points.T / self.counts.sum())

    @cached_property
    def spans(self) -> Array:
        """Largest less smallest value on each axis, (d,)."""
        return np.asarray(np.ptp(self.points, axis=1))

    @cached_property
    def steps(self) -> Array:
        """Least distance between different values on each axis, (d,)."""
        return smallest_differences(self.points[:, self.counts > 0])

    @cached_property
    def offset(self) -> Array:
        """What the centre is in the cloud's units, (d,); 0 on a constant axis."""
        return np.where(self.spans > 0, self.centre / self.scale, 0.0)

    @property
    def condition(self) -> float:
        """Least variance of a direction, as a share of the axes', that the result can hold."""
        return max(CONDITION, 16 * float(np.finfo(self.kind).eps) * (self.kind is np.float32))

    @cached_property
    def flat(self) -> Array:
        """A small variance in the directions in which no point leaves the others' plane, (d, d).

        The directions in which the correlations vanish are candidates; those count in which every
        point's coordinate is nothing but the rounding of its values.
        """
        values, vectors = np.linalg.eigh(self.covariance)
        across = vectors[:, values < self.condition]
        sizes = np.abs(self.points) + np.abs(self.offset)[:, None]
        rounding = 4 * float(np.finfo(self.kind).eps) * (np.abs(across.T) @ sizes)
        within = (np.abs(across.T @ self.points) <= rounding).all(axis=1)
        normals = across[:, within]
        return np.asarray(self.condition * normals @ normals.T)

    @cached_property
    def smallest_variance(self) -> Array:
        """The least that can be told from 0 in the result's units and format, (d,)."""
        return np.asarray((2 * np.sqrt(np.finfo(self.kind).tiny) / self.scale) ** 2)

    def mean_squares(self, means: Array, variances: Array) -> Array:
        """Mean squares about the origin of the points' own units, and what rounding adds."""
        return (means + self.offset) ** 2 + variances + 1

    @cached_property
    def lengths(self) -> Array:
        """What the axes are multiplied by for a distance, (d,).

        Axes of similar spread are taken to share a unit, in which distances are measured; spreads
        further apart than ALIKE say nothing of distances, and each axis counts the same.
        """
        varying = self.scale[self.spans > 0]
        if len(varying) == 0 or varying.max() > ALIKE * varying.min():
            return np.ones(len(self.scale))
        return np.where(self.spans > 0, self.scale / varying.max(), 0.0)

    def squared_distances(self, mean: Array) -> Array:
        """Of all points from one mean, (n,)."""
        gaps = (self.points - mean[:, None]) * self.lengths[:, None]
        return np.asarray(np.einsum("dn,dn->n", gaps, gaps))

    def initial_means(self, components: int, init: str | Array, rng: np.random.Generator) -> Array:
        """Means to start from, (k, d), in the cloud's own units."""
        if not isinstance(init, str):
            means, shape = np.asarray(init, np.float64), (components, len(self.points))
            if means.shape != shape or not np.isfinite(means).all():
                raise ValueError(f"Expected finite means of {shape}. Received: {means.shape}")
            return (means - self.centre) / self.scale
        share = self.counts / self.counts.sum()
        if init == "random":
            return self.points[:, rng.choice(len(share), components, replace=False, p=share)].T
        return self._spread_out(components, share, rng)

    def _spread_out(self, components: int, share: Array, rng: np.random.Generator) -> Array:
        """Means by k-means++ (Arthur & Vassilvitskii 2007)."""
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
    """Points, (n, d) float64; one dimension may come as (n,).

    Raises:
        ValueError: They are not finite, or of another shape.
    """
    points = np.asarray(points, np.float64)
    points = points[:, None] if points.ndim == 1 else points
    strange = points.size - int(np.isfinite(points).sum())
    if points.ndim != 2 or 0 in points.shape or strange:
        raise ValueError(
            f"Expected finite points, (n, d). Received: {points.shape}, {strange} NaN or infinite"
        )
    return points


def _checked_counts(weight: Array | None, n: int, components: int) -> Array:
    counts = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    if counts.shape != (n,) or (counts < 0).any() or not np.isfinite(counts).all():
        raise ValueError(f"Expected one weight >= 0 a point. Received: {counts.shape}")
    there = int((counts > 0).sum())
    if not 1 <= components <= there:
        raise ValueError(
            "Expected from one component to as many as there are points. "
            f"Received: components={components}, {there} points"
        )
    return counts


def _powers_of_two(points: Array) -> Array:
    """The largest power of two on each axis that is no more than the largest size there, (d,)."""
    largest = np.abs(points).max(axis=1)
    return np.where(largest > 0, np.ldexp(1.0, np.frexp(largest)[1] - 1), 1.0)


def _root_mean_square(values: Array) -> float:
    """Without overflow; 1 where all are 0."""
    largest = float(values.max())
    return largest * float(np.sqrt(np.mean((values / largest) ** 2))) if largest else 1.0


def _check_scale(scale: Array, kind: type[np.floating]) -> None:
    """Raises ValueError where a variance would overflow or vanish."""
    limits = np.finfo(kind)
    low, high = 1e3 * np.sqrt(float(limits.tiny)), 0.1 * np.sqrt(float(limits.max))
    if ((scale < low) | (scale > high)).any():
        other = " or give them as float64" if kind is np.float32 else ""
        raise ValueError(
            f"Expected points whose standard deviation on each axis is within {low:.0e} … "
            f"{high:.0e}, so that {kind.__name__} holds their variances. Received: "
            f"{scale.min():.3g} … {scale.max():.3g}. Multiply the points by a constant{other}"
        )
