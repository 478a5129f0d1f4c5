"""Split conformal prediction: the law of its coverage, the base of its methods, and LAC."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple, Self

import numpy as np
from scipy import stats

from atelier.evaluation.validation import checked_probs
from atelier.types import Array


def coverage_rank(n: int, level: float) -> int:
    """Returns ⌈(n + 1) · level⌉ in whole numbers, of the level as it is written in decimals.

    Args:
        n: Number of held-out samples, ≥ 0.
        level: Coverage 1 − α, in (0, 1).

    Raises:
        ValueError: If the level is outside (0, 1).

    Examples:
        >>> coverage_rank(9, 0.9), coverage_rank(19, 0.9), coverage_rank(8, 0.9)
        (9, 18, 9)
    """
    if not 0 < level < 1:
        raise ValueError(f"Expected a level of coverage in (0, 1). Received: {level}")
    return math.ceil((n + 1) * Fraction(str(float(level))))


class CoverageLaw(NamedTuple):
    """The distribution of the share of new samples whose set has their label."""

    expected: float
    low: float
    high: float
    """Limits of the central 95 %."""


def coverage_law(held_out: int, level: float, *, new: int) -> CoverageLaw:
    """Returns the law of the coverage over draws of held-out and new samples.

    With k = ⌈(n + 1) · level⌉ of n held-out samples the number of covered ones among m new samples
    is beta-binomial, BB(m; k, n + 1 − k) (Vovk 2012; Angelopoulos & Bates 2021, § 3.2), if all are
    exchangeable, the calibrator was fitted to other data, and scores do not tie. Its mean is
    m k / (n + 1) ≥ m · level.

    Args:
        held_out: n, held-out samples.
        level: Coverage 1 − α, in (0, 1).
        new: m, new samples, ≥ 1.

    Returns:
        The mean of the coverage, and limits of 95 % of the draws.

    Raises:
        ValueError: If the level is outside (0, 1), or a number of samples is no number of samples.

    Examples:
        >>> law = coverage_law(99, 0.9, new=1000)
        >>> round(law.expected, 3), round(law.low, 3), round(law.high, 3)
        (0.9, 0.831, 0.953)
    """
    if not (held_out >= 0 and new >= 1 and held_out % 1 == new % 1 == 0):
        raise ValueError(
            f"Expected whole numbers, held_out ≥ 0 and new ≥ 1. Received: {held_out} and {new}"
        )
    rank = coverage_rank(held_out, level)
    if rank > held_out:
        return CoverageLaw(1.0, 1.0, 1.0)
    low, high = stats.betabinom(new, rank, held_out + 1 - rank).ppf([0.025, 0.975]) / new
    return CoverageLaw(rank / (held_out + 1), float(low), float(high))


class ConformalSets(ABC):
    """Maps probabilities, (n, classes), to sets of classes that have the label at a stated rate.

    Each class of a sample has a score, larger where the class fits it less. The threshold is the
    ⌈(n + 1) · level⌉-th smallest score of the labels of n held-out samples, and a set has the
    classes whose score is at most the threshold. If held-out and new samples are exchangeable, a
    new sample's set has its label with a probability of at least ``level``, and of at most
    level + 1 / (n + 1) where scores do not tie: over all samples, not for each one. Where the rank
    exceeds n, too few samples are held out, and every class is in the set.

    ``by_class`` takes a threshold for each class from the samples of that class (Mondrian conformal
    prediction, Vovk 2012): the coverage then holds among the samples of each class. A class with
    fewer than level / (1 − level) held-out samples is in every set.

    A set may be empty: where a classifier is right more often than ``level``, some samples must
    lose their label. An empty set says that not even the most probable class is typical enough.

    Args:
        level: Coverage 1 − α, in (0, 1), read as the decimal number that it is written as.
        by_class: Whether each class has its own threshold.
        allow_empty: Whether sets may be empty; if not, an empty set becomes the most probable
            class, and the coverage may exceed the level.

    Attributes:
        thresholds_: Largest score of each class that is in the set, (classes,); ∞: always.
    """

    thresholds_: Array

    def __init__(
        self, *, level: float = 0.9, by_class: bool = False, allow_empty: bool = True
    ) -> None:
        coverage_rank(0, level)
        self.level, self.by_class, self.allow_empty = float(level), by_class, allow_empty

    @property
    def is_fitted(self) -> bool:
        """Whether there are thresholds."""
        return hasattr(self, "thresholds_")

    def fit(self, probs: Array, labels: Array) -> Self:
        """Finds the thresholds from held-out samples.

        Args:
            probs: (n, classes ≥ 2), by a calibrator that was not fitted to these samples.
            labels: (n,), integers in [0, classes).

        Returns:
            The object itself.

        Raises:
            ValueError: If the probabilities or labels are not as described.
        """
        probs, labels = _checked(probs, labels)
        classes = probs.shape[1]
        scores = self._label_scores(probs, labels)
        if self.by_class:
            groups = [scores[labels == index] for index in range(classes)]
            self.thresholds_ = np.array([_threshold(group, self.level) for group in groups])
        else:
            self.thresholds_ = np.full(classes, _threshold(scores, self.level))
        return self

    def sets(self, probs: Array) -> Array:
        """Returns whether each class is in the set of each sample, (n, classes) bool.

        Args:
            probs: (n, classes), as many classes as it was fitted to.

        Raises:
            ValueError: If it is not fitted, or the probabilities are not as described.
        """
        if not self.is_fitted:
            raise ValueError(f"Expected fit before sets. Received: a new {type(self).__name__}")
        probs, _ = _checked(probs, np.zeros(len(probs), np.int64))
        if probs.shape[1] != len(self.thresholds_):
            raise ValueError(
                f"Expected probs (n, {len(self.thresholds_)}). Received: {probs.shape}"
            )
        members = self._members(probs)
        if not self.allow_empty:
            empty = np.flatnonzero(~members.any(axis=1))
            members[empty, probs[empty].argmax(axis=1)] = True
        return members

    def state(self) -> dict[str, Any]:
        """Returns all that ``sets`` needs: numbers and lists; a threshold of ∞ is None."""
        thresholds = self.thresholds_.tolist()
        return self._options() | {
            "thresholds": [value if math.isfinite(value) else None for value in thresholds]
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Returns the fitted object of a :meth:`state`."""
        options = {name: value for name, value in state.items() if name != "thresholds"}
        fitted = cls(**options)
        values = [np.inf if value is None else float(value) for value in state["thresholds"]]
        fitted.thresholds_ = np.array(values)
        return fitted

    def _options(self) -> dict[str, Any]:
        return {"level": self.level, "by_class": self.by_class, "allow_empty": self.allow_empty}

    @abstractmethod
    def _label_scores(self, probs: Array, labels: Array) -> Array:
        """Returns the score of each sample's label, (n,)."""

    @abstractmethod
    def _members(self, probs: Array) -> Array:
        """Returns whether the score of each class is at most its threshold, (n, classes)."""


class LeastAmbiguousSets(ConformalSets):
    """LAC: a class' score is 1 − p (Sadinle, Lei & Wasserman 2019, § 2).

    With the true probabilities no sets of that coverage are smaller on average. Difficult samples
    pay for it: their sets have the label less often.

    Examples:
        >>> import numpy as np
        >>> probs = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])
        >>> fitted = LeastAmbiguousSets(level=0.6).fit(probs, np.array([0, 0, 1, 1]))
        >>> fitted.thresholds_.round(2).tolist()  # the third of the scores .1, .2, .4, .7
        [0.4, 0.4]
        >>> fitted.sets(np.array([[0.75, 0.25], [0.5, 0.5]])).tolist()
        [[True, False], [False, False]]
    """

    def _label_scores(self, probs: Array, labels: Array) -> Array:
        return 1 - probs[np.arange(len(labels)), labels]

    def _members(self, probs: Array) -> Array:
        return np.asarray(1 - probs <= self.thresholds_)


def _checked(probs: Array, labels: Array) -> tuple[Array, Array]:
    probs, labels = checked_probs(probs, labels)
    if probs.ndim != 2:
        raise ValueError(f"Expected probs (n, ≥ 2). Received: {probs.shape}")
    return probs.astype(np.float64, copy=False), labels


def _threshold(scores: Array, level: float) -> float:
    """Returns the ⌈(n + 1) · level⌉-th smallest of n scores; ∞ if there are fewer."""
    rank = coverage_rank(len(scores), level)
    if rank > len(scores):
        return np.inf
    return float(np.partition(scores, rank - 1)[rank - 1])
