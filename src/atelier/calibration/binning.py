"""Calibrators that count: histogram binning, isotonic regression, Bayesian binning."""

from functools import partial

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betaln, logsumexp

from atelier.calibration.calibrator import Map, OneVersusRest
from atelier.calibration.metrics import bin_of, equal_mass_edges, equal_width_edges
from atelier.types import Array


def _steps(scores: Array, *, edges: Array, values: Array) -> Array:
    return np.asarray(values[bin_of(scores, edges)])


def _lines(scores: Array, *, points: Array, values: Array) -> Array:
    return np.asarray(np.interp(scores, points, values))


class HistogramBinning(OneVersusRest):
    """The share of positives of each of ``n_bins`` equal bins (Zadrozny & Elkan 2001).

    A bin without samples says its middle.
    """

    def __init__(self, *, n_bins: int = 15) -> None:
        self.n_bins = n_bins

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        edges = equal_width_edges(self.n_bins)
        where = bin_of(scores, edges)
        count = np.bincount(where, minlength=self.n_bins)
        positive = np.bincount(where, outcome, minlength=self.n_bins)
        middle = (np.arange(self.n_bins) + 0.5) / self.n_bins
        values = np.where(count > 0, positive / np.maximum(count, 1), middle)
        return partial(_steps, edges=edges, values=values)


class IsotonicRegression(OneVersusRest):
    """The non-decreasing function nearest to the outcomes (Zadrozny & Elkan 2002), by pooling
    adjacent violators; linear between the scores it was fitted on, constant beyond them.
    """

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        points, inverse, count = np.unique(scores, return_inverse=True, return_counts=True)
        mean = np.bincount(inverse, outcome) / count
        fitted = isotonic_regression(mean, weights=count.astype(np.float64)).x
        return partial(_lines, points=points, values=fitted)


class BayesianBinning(OneVersusRest):
    """BBQ, Bayesian binning into quantiles (Naeini et al. 2015): an average over binnings of equal
    mass, each weighted by how likely it makes the outcomes.

    Binnings have n^⅓ / 10 … 10 n^⅓ bins; bin b of B has the prior Beta(2 p_b / B, 2 (1 − p_b) / B),
    p_b the middle of the bin. The average is constant between the edges of all binnings, so
    it is worked out once.
    """

    SPREAD = 10
    PRIOR = 2.0
    NEGLIGIBLE = -40.0
    """Log weight, relative to the best binning's, below which one changes no digit."""

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        order = np.argsort(scores, kind="stable")
        ordered, positives = scores[order], np.append(0, np.cumsum(outcome[order]))
        root = np.cbrt(len(scores))
        sizes = range(max(1, int(root / self.SPREAD)), int(np.ceil(root * self.SPREAD)) + 1)
        binnings = [self._binning(ordered, positives, size) for size in sizes]
        evidence = np.array([one[2] for one in binnings])
        weights = np.exp(evidence - logsumexp(evidence))
        kept = np.flatnonzero(weights > np.exp(self.NEGLIGIBLE) * weights.max())
        union = np.unique(np.concatenate([binnings[index][0] for index in kept]))
        cells = np.append(union, 1.0)  # a cell's upper edge belongs to it
        average = np.zeros(len(cells))
        for index in kept:
            edges, values, _ = binnings[index]
            average += weights[index] * values[bin_of(cells, edges)]
        return partial(_steps, edges=union, values=average / weights[kept].sum())

    def _binning(self, ordered: Array, positives: Array, size: int) -> tuple[Array, Array, float]:
        """Edges, posterior means, (bins,), and log evidence (their eq. 1) of one binning.

        ``positives[i]`` counts the positive outcomes of the i lowest scores.
        """
        edges = equal_mass_edges(ordered, size)
        ends = np.concatenate([[0], np.searchsorted(ordered, edges, side="right"), [len(ordered)]])
        count, positive = np.diff(ends), np.diff(positives[ends])
        limits = np.concatenate([[0.0], edges, [1.0]])
        middle = np.clip((limits[1:] + limits[:-1]) / 2, 1e-6, 1 - 1e-6)
        share = self.PRIOR / len(count)
        alpha, beta = share * middle, share * (1 - middle)
        evidence = betaln(positive + alpha, count - positive + beta) - betaln(alpha, beta)
        return edges, (positive + alpha) / (count + share), float(evidence.sum())
