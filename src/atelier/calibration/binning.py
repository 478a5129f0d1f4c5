"""Calibrators that count samples: histogram binning, isotonic regression, Bayesian binning.

Their scores are softmax probabilities, whose last digit depends on the processor's exponential.
Counts must not depend on it: scores that differ by less than TIE, relative to themselves, are
equal, and a score that exceeds an edge by less lies on the edge.
"""

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betaln, logsumexp

from atelier.calibration.base import Map, OneVersusRest
from atelier.evaluation.reliability import bin_indices, equal_mass_edges, equal_width_edges
from atelier.types import Array

TIE = 8 * float(np.finfo(np.float64).eps)


def merge_ties(scores: Array) -> Array:
    """Returns the scores, (n,) ≥ 0, each replaced by the lowest of those that are equal to it."""
    order = np.argsort(scores)
    ordered = scores[order]
    starts = np.append(True, ordered[1:] > ordered[:-1] * (1 + TIE))
    merged = np.empty_like(scores)
    merged[order] = ordered[starts][np.cumsum(starts) - 1]
    return merged


def integer_cube_root(number: int) -> int:
    """Returns the largest integer whose cube is at most ``number`` ≥ 0, without rounding errors."""
    root: int = round(float(number) ** (1 / 3))
    while root**3 > number:
        root -= 1
    while (root + 1) ** 3 <= number:
        root += 1
    return root


def _steps(scores: Array, *, edges: Array, values: Array) -> Array:
    return np.asarray(values[bin_indices(scores, edges * (1 + TIE))])


def interpolate_linearly(scores: Array, *, points: Array, values: Array) -> Array:
    """Interpolates linearly; no slope is formed, which between points near 0 would overflow."""
    reached = np.searchsorted(points, scores * (1 + TIE), side="right") - 1
    below = np.clip(reached, 0, len(points) - 1)
    above = np.minimum(below + 1, len(points) - 1)
    gap = points[above] - points[below]
    beyond = np.where(scores > points[below] * (1 + TIE), scores - points[below], 0)
    share = np.minimum(beyond / np.where(gap > 0, gap, 1), 1)
    return np.asarray(np.clip(values[below] + share * (values[above] - values[below]), 0, 1))


class HistogramBinning(OneVersusRest):
    """Histogram binning (Zadrozny & Elkan 2001): the fraction of positives of a score's bin.

    The bins of each class' probability have equal width; a bin without samples has its middle as
    probability. ``fit`` takes logits, (n, classes), and labels, (n,); ``transform`` logits.

    Args:
        n_bins: Number of bins, ≥ 1.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 1.0]] * 4), np.array([1, 1, 1, 0])
        >>> HistogramBinning(n_bins=10).fit(logits, labels).transform(logits[:1]).tolist()
        [[0.25, 0.75]]
    """

    _function = staticmethod(_steps)

    def __init__(self, *, n_bins: int = 15) -> None:
        self.n_bins = n_bins

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        edges = equal_width_edges(self.n_bins)
        indices = bin_indices(scores, edges * (1 + TIE))
        count = np.bincount(indices, minlength=self.n_bins)
        positive = np.bincount(indices, outcome, minlength=self.n_bins)
        middle = (np.arange(self.n_bins) + 0.5) / self.n_bins
        values = np.where(count > 0, positive / np.maximum(count, 1), middle)
        return self._map(edges=edges, values=values)


class IsotonicRegression(OneVersusRest):
    """Isotonic regression (Zadrozny & Elkan 2002): the closest non-decreasing function.

    It minimises the squared distance to the outcomes by pooling adjacent violators, for each class'
    probability; it is linear between the scores of the fit and constant beyond them. ``fit`` takes
    logits, (n, classes), and labels, (n,); ``transform`` logits.

    Examples:
        >>> import numpy as np
        >>> logits = np.array([[0.0, -2.0], [0.0, -1.0], [0.0, 1.0], [0.0, 2.0]])
        >>> calibrator = IsotonicRegression().fit(logits, np.array([0, 1, 0, 1]))
        >>> calibrator.transform(logits)[:, 1].tolist()
        [0.0, 0.5, 0.5, 1.0]
    """

    _function = staticmethod(interpolate_linearly)

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        points, inverse, count = np.unique(
            merge_ties(scores), return_inverse=True, return_counts=True
        )
        mean = np.bincount(inverse, outcome) / count
        fitted = isotonic_regression(mean, weights=count.astype(np.float64)).x
        return self._map(points=points, values=fitted)


class BayesianBinning(OneVersusRest):
    """BBQ, Bayesian binning into quantiles (Naeini et al. 2015).

    It averages binnings of equal mass, each weighted by its marginal likelihood. Binnings have
    ⌊n^⅓ / 10⌋ (at least 1) … ⌊10 n^⅓⌋ bins, counted in integers; bin b of B has the prior
    Beta(2 p_b / B, 2 (1 − p_b) / B), where p_b is the middle of the bin. The average is constant
    between the edges of all binnings, so it is computed once. ``fit`` takes logits, (n, classes),
    and labels, (n,); ``transform`` logits.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 1.0]] * 4), np.array([1, 1, 1, 0])
        >>> BayesianBinning().fit(logits, labels).transform(logits)[0].round(3).tolist()
        [0.333, 0.667]
    """

    _function = staticmethod(_steps)
    SPREAD = 10
    """The numbers of bins lie within a factor of it around the cube root of n."""
    PRIOR = 2.0
    """Sum of the prior's two counts over all bins of a binning."""
    NEGLIGIBLE = -40.0
    """Log weight, relative to the best binning's, below which a binning changes no digit."""

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        scores = merge_ties(scores)
        order = np.argsort(scores, kind="stable")
        ordered, positives = scores[order], np.append(0, np.cumsum(outcome[order]))
        binnings = [
            self._binning(ordered, positives, size) for size in self._numbers_of_bins(len(scores))
        ]
        evidence = np.array([log_evidence for _, _, log_evidence in binnings])
        weights = np.exp(evidence - logsumexp(evidence))
        relevant = np.flatnonzero(weights > np.exp(self.NEGLIGIBLE) * weights.max())
        union = np.unique(np.concatenate([binnings[index][0] for index in relevant]))
        cells = np.append(union, 1.0)  # a cell's upper edge belongs to it
        average = np.zeros(len(cells))
        for index in relevant:
            edges, values, _ = binnings[index]
            average += weights[index] * values[bin_indices(cells, edges)]
        return self._map(edges=union, values=average / weights[relevant].sum())

    def _numbers_of_bins(self, samples: int) -> range:
        """Returns the integers b with n^⅓ / 10 ≲ b ≤ 10 n^⅓, that is b³ ≤ 1000 n."""
        fewest = max(1, integer_cube_root(samples) // self.SPREAD)
        return range(fewest, integer_cube_root(self.SPREAD**3 * samples) + 1)

    def _binning(self, ordered: Array, positives: Array, size: int) -> tuple[Array, Array, float]:
        """Returns edges, posterior means, (bins,), and log evidence (eq. 1 there) of one binning.

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
