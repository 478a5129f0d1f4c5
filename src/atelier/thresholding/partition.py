"""Partitions of rising values with the least variance within the parts (Liao et al. 2001)."""

from typing import NamedTuple

import numpy as np

from atelier.types import Array

TIED = 1e-12
"""Relative difference below which two partitions are equally good in float64."""
UNDECIDED = 1e-10
"""Relative difference below which float64 does not decide which of two partitions is better."""
EXACT_VALUES = 4096
"""Largest number of values for which partitions that float64 cannot rank are compared exactly."""
UNRESOLVED = 1e-6
"""Share of the variance within the runs below which float64 has no digits left for it."""


def scaled_distances(values: Array) -> tuple[Array, int]:
    """Returns the distances of rising values from the first, in units of a power of two.

    A distance is the result times 2**exponent. Differences of integers are computed without
    overflow and those of floats without overflow or underflow, so that values of any size remain
    distinct.

    Args:
        values: Rising integers or floats, (n,).

    Returns:
        Distances in [0, 1], (n,) float64, and the exponent.

    Examples:
        >>> import numpy as np
        >>> distances, exponent = scaled_distances(np.array([5, 6, 9]))
        >>> distances.tolist(), exponent
        ([0.0, 0.125, 0.5], 3)
    """
    if values.dtype.kind == "f":
        wide = values.astype(np.promote_types(values.dtype, np.float64), copy=False)
        large = max(abs(wide[0]), abs(wide[-1])) > 1
        distances = wide / 2 - wide[0] / 2 if large else wide - wide[0]
    else:
        unsigned, large = values.view(f"u{values.dtype.itemsize}"), False
        distances = (unsigned - unsigned[0]).astype(np.float64)
    exponent = int(np.frexp(distances[-1])[1])
    if abs(exponent) < 1000:  # then a product is exact, and faster
        distances *= 2.0**-exponent
    else:
        distances = np.ldexp(distances, -exponent)
    return distances.astype(np.float64, copy=False), exponent + int(large)


def optimal_cuts(counts: Array, values: Array, runs: int) -> Array:
    """Returns the index of the last value of each run but the last, for the optimal partition.

    Of equally good partitions the one with the first cuts is returned. The search runs in float64.
    If float64 cannot rank the best two partitions of up to 4,096 values, or cannot resolve the
    variance within the runs at all, the search is repeated in integers without rounding.

    Args:
        counts: Weight of each value, (n,), positive.
        values: Rising integers or finite floats, (n,).
        runs: Number of runs, from 2 to n.

    Returns:
        Indices of shape (runs - 1,), rising.

    Examples:
        >>> import numpy as np
        >>> optimal_cuts(np.array([1, 1, 1, 1]), np.array([0, 1, 10, 12]), 2).tolist()
        [1]
    """
    sums = _PrefixSums.rounded(counts, values)
    cuts, decided = sums.cuts(runs)
    if decided or (len(values) > EXACT_VALUES and sums.resolve(cuts)):
        return cuts
    return _PrefixSums.exact(counts, values, runs).cuts(runs)[0]


class _PrefixSums(NamedTuple):
    """Sums over the values before each, (n + 1,), in float64 or in Python's integers.

    The score of a run is sum² / mass of its values. The scores of all runs sum to the variance
    between the runs, up to a constant.
    """

    mass: Array
    value: Array
    unit: int = 1
    """Integers only: factor of a score before it is rounded down."""
    slack: int = 0
    """Integers only: largest difference of two equal scores."""
    squares: float = 0.0
    """Floats only: the sum of mass · value²."""

    @classmethod
    def rounded(cls, counts: Array, values: Array) -> "_PrefixSums":
        """Computes the sums in float64, of differences from the value nearest to the mean.

        Differences of sums then keep their digits, and sums of integers are exact.
        """
        mass = counts.astype(np.float64)
        grey = scaled_distances(values)[0]
        grey = grey - grey[np.abs(grey - np.average(grey, weights=mass)).argmin()]
        below, moment = (np.append(0.0, np.cumsum(part)) for part in (mass, mass * grey))
        return cls(below, moment, squares=float(np.sum(mass * grey**2)))

    @classmethod
    def exact(cls, counts: Array, values: Array, runs: int) -> "_PrefixSums":
        """Computes the sums in integers, so that unequal scores differ by more than ``slack``.

        Two sums of S² / n over ``runs`` runs differ by at least 1 / (product of all n).
        """
        mass, grey = _integers(counts), _integers(values)
        parts = (mass, mass * (grey - grey[0]))
        below, moment = (np.concatenate([[0], np.cumsum(part)]) for part in parts)
        bits = 2 * runs * int(mass.sum()).bit_length() + runs.bit_length() + 4
        return cls(below, moment, unit=1 << bits, slack=2 * runs)

    def score(self, start: Array, end: Array) -> Array:
        """Returns the score of the run from ``start`` to before ``end``."""
        total, mass = self.value[end] - self.value[start], self.mass[end] - self.mass[start]
        if self.slack:
            return np.asarray(total * total * self.unit // mass)
        return np.asarray(total**2 / mass)

    def resolve(self, cuts: Array) -> bool:
        """Tells whether float64 resolves the variance within the runs."""
        ends = np.concatenate([[0], cuts + 1, [len(self.mass) - 1]])
        whole = float(self.value[-1] ** 2 / self.mass[-1])
        between = float(self.score(ends[:-1], ends[1:]).sum() - whole)
        return self.squares - whole - between > UNRESOLVED * between

    def least_equal(self, top: Array) -> Array:
        """Returns the least score that counts as equal to ``top``."""
        return top - self.slack if self.slack else top * (1 - TIED)

    def cuts(self, runs: int) -> tuple[Array, bool]:
        """Returns the optimal cuts, and whether no other partition is nearly as good.

        ``best[k][i]`` is the score of the values from i on in k + 1 runs: dynamic programming
        from the right, so that reading off from the left takes the first of tied partitions.
        """
        count = len(self.mass) - 1
        best = [self.score(np.arange(count), np.full(count, count))]
        choices = []
        for added in range(1, runs):
            size = count - added if added < runs - 1 else 1
            score, choice = self._add_run(best[-1], size, last=count - added)
            best.append(score)
            choices.append(choice)
        start, cuts, decided = 0, [], True
        for added in range(runs - 1, 0, -1):
            decided = decided and self._is_decided(start, best[added - 1], last=count - added)
            start = int(choices[added - 1][start])
            cuts.append(start - 1)
        return np.array(cuts), decided

    def _is_decided(self, start: int, best: Array, last: int) -> bool:
        """Tells whether a single end is best for the run that begins at ``start``."""
        if self.slack:
            return True
        ends = np.arange(start + 1, last + 1)
        score = self.score(np.full_like(ends, start), ends) + best[ends]
        return bool(np.count_nonzero(score >= score.max() * (1 - UNDECIDED)) == 1)

    def _add_run(self, best: Array, size: int, last: int) -> tuple[Array, Array]:
        """Returns each start's best score with an additional run, and where the next run begins.

        The best beginning never moves left as the start moves right (the score has the
        quadrangle inequality), so each start in the middle is searched between the choices of its
        neighbours.
        """
        choice, score = np.full(size, last), np.empty(size, self.value.dtype)
        step = 1 << (size - 1).bit_length()
        batch = np.zeros(1, np.int64)
        while len(batch) or step > 1:
            after = batch + step
            low = np.maximum(np.where(batch > 0, choice[np.maximum(batch - step, 0)], 0), batch + 1)
            high = np.where(after < size, choice[np.minimum(after, size - 1)], last)
            score[batch], choice[batch] = self._search(best, batch, low, np.maximum(high, low))
            step //= 2
            batch = np.arange(step, size, 2 * step) if step else batch[:0]
        return score, choice

    def _search(self, best: Array, starts: Array, low: Array, high: Array) -> tuple[Array, Array]:
        """Returns the best score, and its first beginning from low to high, for each start."""
        lengths = high - low + 1
        firsts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        ends = np.arange(lengths.sum()) - np.repeat(firsts - low, lengths)
        score = self.score(np.repeat(starts, lengths), ends) + best[ends]
        top = np.maximum.reduceat(score, firsts)
        tied = score >= np.repeat(self.least_equal(top), lengths)
        chosen = np.minimum.reduceat(np.where(tied, ends, np.iinfo(ends.dtype).max), firsts)
        return top, chosen


def _integers(numbers: Array) -> Array:
    """Returns Python's integers in the ratio of the numbers, without rounding."""
    if numbers.dtype.kind != "f":
        return np.array([int(number) for number in numbers], object)
    ratios = [number.as_integer_ratio() for number in numbers]
    common = max(denominator for _, denominator in ratios)
    return np.array([top * (common // bottom) for top, bottom in ratios], object)
