"""Calibrators that count samples: histogram binning, isotonic regression, Bayesian binning.

Their scores are softmax probabilities, whose last digit depends on the processor's exponential.
Counts must not depend on it: scores that differ by less than TIE, relative to themselves, are
equal, and a score that exceeds an edge by less lies on the edge.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betaln, logsumexp

from atelier.calibration.base import Map, OneVersusRest
from atelier.evaluation.reliability import bin_indices, equal_width_edges
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
    """Interpolates linearly; no slope is formed, which between points near 0 would overflow.

    Args:
        scores: (n,), ≥ 0.
        points: Increasing, (m,).
        values: In [0, 1], (m,); they also hold below the first and above the last point.

    Returns:
        The values at the scores, (n,).
    """
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
        binnings = _equal_mass_binnings(
            scores[order], outcome[order], self._numbers_of_bins(len(scores))
        )
        middle = np.clip((binnings.lower + binnings.upper) / 2, 1e-6, 1 - 1e-6)
        share = self.PRIOR / np.repeat(binnings.sizes, binnings.sizes)
        alpha, beta = share * middle, share * (1 - middle)
        positive, count = binnings.positive, binnings.counts
        terms = betaln(positive + alpha, count - positive + beta) - betaln(alpha, beta)
        evidence = np.add.reduceat(terms, binnings.starts)  # eq. 1 there
        weights = np.exp(evidence - logsumexp(evidence))
        relevant = np.flatnonzero(weights > np.exp(self.NEGLIGIBLE) * weights.max())
        edges, values = binnings.average(
            (positive + alpha) / (count + share), weights / weights[relevant].sum(), relevant
        )
        return self._map(edges=edges, values=values)

    def _numbers_of_bins(self, samples: int) -> range:
        """Returns the integers b with n^⅓ / 10 ≲ b ≤ 10 n^⅓, that is b³ ≤ 1000 n."""
        fewest = max(1, integer_cube_root(samples) // self.SPREAD)
        return range(fewest, integer_cube_root(self.SPREAD**3 * samples) + 1)


class _Binnings(NamedTuple):
    """Several binnings of the same scores; the bins of all of them one after the other."""

    sizes: Array
    """Number of bins of each binning."""
    starts: Array
    """Index of each binning's first bin."""
    lower: Array
    """Lower limit of each bin; 0 of a binning's first one."""
    upper: Array
    """Upper limit of each bin, which belongs to it; 1 of a binning's last one."""
    counts: Array
    """Number of scores in each bin."""
    positive: Array
    """Number of positive outcomes in each bin."""

    def average(self, values: Array, weights: Array, relevant: Array) -> tuple[Array, Array]:
        """Returns the average of step functions: its edges, and its values between them.

        Args:
            values: Of each bin.
            weights: Of each binning.
            relevant: Indices of the binnings that count.
        """
        bins = [slice(self.starts[i], self.starts[i] + self.sizes[i]) for i in relevant]
        union = np.unique(np.concatenate([self.lower[part][1:] for part in bins]))
        average = np.zeros(len(union) + 1)
        for index, part in zip(relevant, bins, strict=True):
            reached = np.searchsorted(union, self.upper[part][:-1], side="right")
            cells = np.diff(np.concatenate([[0], reached, [len(average)]]))
            average += weights[index] * np.repeat(values[part], cells)
        return union, average


def _equal_mass_binnings(ordered: Array, outcome: Array, numbers: range) -> _Binnings:
    """Returns binnings with the edges of :func:`equal_mass_edges`.

    Args:
        ordered: Scores, (n,), in increasing order.
        outcome: Whether each is positive, (n,).
        numbers: Numbers of bins, ≥ 1, before ties make fewer.
    """
    samples, wanted = len(ordered), np.array(numbers)
    binning = np.repeat(np.arange(len(wanted)), wanted)
    bin_number = np.arange(len(binning)) - np.repeat(np.cumsum(wanted) - wanted, wanted) + 1
    last = -(-samples * bin_number // wanted[binning]) - 1  # ⌈n i / k⌉ scores lie in i of k bins
    upper = ordered[last]
    is_last = bin_number == wanted[binning]
    below_next = np.append(upper[:-1] < upper[1:], True)
    kept = is_last | (below_next & (upper < ordered[-1]))
    binning, upper, is_last = binning[kept], upper[kept], is_last[kept]
    end = np.searchsorted(ordered, upper, side="right")
    is_first = np.append(True, is_last[:-1])
    begin = np.where(is_first, 0, np.append(0, end[:-1]))
    positives = np.append(0, np.cumsum(outcome))
    return _Binnings(
        sizes=np.bincount(binning),
        starts=np.flatnonzero(is_first),
        lower=np.where(is_first, 0.0, np.append(0.0, upper[:-1])),
        upper=np.where(is_last, 1.0, upper),
        counts=end - begin,
        positive=positives[end] - positives[begin],
    )
