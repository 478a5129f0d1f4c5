"""Rising values divided into runs with the least variance within them (Liao et al. 2001)."""

from typing import NamedTuple

import numpy as np

from atelier.types import Array

TIED = 1e-12
"""Relative difference below which two partitions are equally good in float64."""
CONTESTED = 1e-10
"""Relative difference below which float64 does not decide which of two partitions is better."""
EXACT_VALUES = 4096
"""Up to so many values, partitions that float64 does not tell apart are compared exactly."""
UNRESOLVED = 1e-6
"""Share of the variance within the runs below which float64 has no digits left for it."""


def scaled_distances(values: Array) -> tuple[Array, int]:
    """Distances of rising values from the first, float64 in [0, 1], and the exponent of their unit.

    A distance is the result times 2**exponent. Differences of integers are taken without overflow
    and those of floats without overflow or underflow, so that values of any size are told apart.

    Args:
        values: Rising integers or floats, (n,).
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
    """Positions, (runs - 1,), of the last value of each run but the last.

    Of partitions that are equally good the one with the first cuts is taken. The search is done in
    float64. Where that leaves two partitions too close to call, up to 4,096 values, or cannot
    resolve the variance within the runs at all, it is done again in integers without rounding.

    Args:
        counts: Weight of each value, (n,), positive.
        values: Rising integers or finite floats, (n,).
        runs: At least 2, at most n.
    """
    sums = _Sums.rounded(counts, values)
    cuts, decided = sums.cuts(runs)
    if decided or (len(values) > EXACT_VALUES and sums.resolve(cuts)):
        return cuts
    return _Sums.exact(counts, values, runs).cuts(runs)[0]


class _Sums(NamedTuple):
    """Sums over the values before each, (n + 1,): float64, or Python's integers."""

    mass: Array
    value: Array
    unit: int = 1
    """Integers only: what a worth is multiplied by before it is rounded down."""
    slack: int = 0
    """Integers only: the largest difference of two worths that are equal."""
    squares: float = 0.0
    """Floats only: the sum of mass · value²."""

    @classmethod
    def rounded(cls, counts: Array, values: Array) -> "_Sums":
        """In float64, of values taken about the one nearest to their mean.

        Differences of sums then keep their digits, and sums of integers are exact.
        """
        mass = counts.astype(np.float64)
        grey = scaled_distances(values)[0]
        grey = grey - grey[np.abs(grey - np.average(grey, weights=mass)).argmin()]
        below, moment = (np.append(0.0, np.cumsum(part)) for part in (mass, mass * grey))
        return cls(below, moment, squares=float(np.sum(mass * grey**2)))

    @classmethod
    def exact(cls, counts: Array, values: Array, runs: int) -> "_Sums":
        """In integers, multiplied so that worths differ by more than ``slack`` unless equal.

        Two sums of S² / n over ``runs`` runs differ by at least 1 / (product of all n).
        """
        mass, grey = _integers(counts), _integers(values)
        parts = (mass, mass * (grey - grey[0]))
        below, moment = (np.concatenate([[0], np.cumsum(part)]) for part in parts)
        bits = 2 * runs * int(mass.sum()).bit_length() + runs.bit_length() + 4
        return cls(below, moment, unit=1 << bits, slack=2 * runs)

    def worth(self, start: Array, end: Array) -> Array:
        """Sum² / mass of the values from ``start`` to before ``end``: their share of between."""
        total, mass = self.value[end] - self.value[start], self.mass[end] - self.mass[start]
        if self.slack:
            return np.asarray(total * total * self.unit // mass)
        return np.asarray(total**2 / mass)

    def resolve(self, cuts: Array) -> bool:
        """Whether float64 has digits left for the variance within the runs."""
        ends = np.concatenate([[0], cuts + 1, [len(self.mass) - 1]])
        whole = float(self.value[-1] ** 2 / self.mass[-1])
        between = float(self.worth(ends[:-1], ends[1:]).sum() - whole)
        return self.squares - whole - between > UNRESOLVED * between

    def least_equal(self, top: Array) -> Array:
        """The least worth that counts as equal to ``top``."""
        return top - self.slack if self.slack else top * (1 - TIED)

    def cuts(self, runs: int) -> tuple[Array, bool]:
        """As :func:`optimal_cuts` returns them, and whether no other partition came close.

        ``best[k][i]`` is the worth of the values from i on in k + 1 runs: dynamic programming
        from the right, so that reading off from the left takes the first of tied partitions.
        """
        count = len(self.mass) - 1
        best = [self.worth(np.arange(count), np.full(count, count))]
        choices = []
        for more in range(1, runs):
            size = count - more if more < runs - 1 else 1
            worth, choice = self._with_one_more(best[-1], size, last=count - more)
            best.append(worth)
            choices.append(choice)
        start, cuts, decided = 0, [], True
        for more in range(runs - 1, 0, -1):
            decided = decided and self._decided(start, best[more - 1], last=count - more)
            start = int(choices[more - 1][start])
            cuts.append(start - 1)
        return np.array(cuts), decided

    def _decided(self, start: int, best: Array, last: int) -> bool:
        """Whether the run that begins at ``start`` has one end better than all others."""
        if self.slack:
            return True
        ends = np.arange(start + 1, last + 1)
        worth = self.worth(np.full_like(ends, start), ends) + best[ends]
        return bool(np.count_nonzero(worth >= worth.max() * (1 - CONTESTED)) == 1)

    def _with_one_more(self, best: Array, size: int, last: int) -> tuple[Array, Array]:
        """For each start, the best worth with one more run, and where the run after it begins.

        The best beginning never moves left as the start moves right (the worth has the
        quadrangle inequality), so each start in the middle is searched between those beside it.
        """
        choice, worth = np.full(size, last), np.empty(size, self.value.dtype)
        step = 1 << (size - 1).bit_length()
        these = np.zeros(1, np.int64)
        while len(these) or step > 1:
            after = these + step
            low = np.maximum(np.where(these > 0, choice[np.maximum(these - step, 0)], 0), these + 1)
            high = np.where(after < size, choice[np.minimum(after, size - 1)], last)
            worth[these], choice[these] = self._search(best, these, low, np.maximum(high, low))
            step //= 2
            these = np.arange(step, size, 2 * step) if step else these[:0]
        return worth, choice

    def _search(self, best: Array, starts: Array, low: Array, high: Array) -> tuple[Array, Array]:
        """The first best beginning from low to high of each start."""
        lengths = high - low + 1
        firsts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        ends = np.arange(lengths.sum()) - np.repeat(firsts - low, lengths)
        worth = self.worth(np.repeat(starts, lengths), ends) + best[ends]
        top = np.maximum.reduceat(worth, firsts)
        tied = worth >= np.repeat(self.least_equal(top), lengths)
        chosen = np.minimum.reduceat(np.where(tied, ends, np.iinfo(ends.dtype).max), firsts)
        return top, chosen


def _integers(numbers: Array) -> Array:
    """Python's integers in the ratio of the numbers, without rounding."""
    if numbers.dtype.kind != "f":
        return np.array([int(number) for number in numbers], object)
    ratios = [number.as_integer_ratio() for number in numbers]
    common = max(denominator for _, denominator in ratios)
    return np.array([top * (common // bottom) for top, bottom in ratios], object)
