"""Prediction sets that grow with a sample's difficulty: APS and RAPS."""

from __future__ import annotations

from typing import Any

import numpy as np

from atelier.calibration.split_conformal import ConformalSets
from atelier.types import Array

HELD_OUT, NEW = 0, 1
"""Streams of random numbers: those of the held-out rows, and those of the rows that get sets."""


class AdaptiveSets(ConformalSets):
    """APS: a score is the sum of larger probabilities + u · the class' own (Romano et al. 2020).

    ``randomized`` draws one uniform u for each sample, as the paper does; random numbers follow
    from the seed and the row. Without it u = 0 and sets are deterministic: the most probable class,
    whose score is 0, is in every set, and the coverage exceeds the level where the classifier is
    right more often than that. (u = 1 would leave out the most probable class of the surest
    samples.) Equal probabilities have equal scores: only strictly larger ones are added.

    Args:
        level: Coverage 1 − α, in (0, 1).
        by_class: Whether each class has its own threshold.
        allow_empty: Whether sets may be empty.
        randomized: Whether u is drawn; else it is 0.
        seed: Of the random numbers.

    Examples:
        >>> import numpy as np
        >>> probs = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.2, 0.3, 0.5]])
        >>> fitted = AdaptiveSets(level=0.5).fit(probs, np.array([0, 1, 2]))
        >>> fitted.thresholds_.round(2).tolist()  # the second of the scores 0, .5, 0
        [0.0, 0.0, 0.0]
        >>> fitted.sets(np.array([[0.6, 0.1, 0.3], [0.35, 0.35, 0.3]])).tolist()
        [[True, False, False], [True, True, False]]
    """

    def __init__(
        self,
        *,
        level: float = 0.9,
        by_class: bool = False,
        allow_empty: bool = True,
        randomized: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(level=level, by_class=by_class, allow_empty=allow_empty)
        self.randomized, self.seed = randomized, seed

    def _options(self) -> dict[str, Any]:
        return super()._options() | {"randomized": self.randomized, "seed": self.seed}

    def _uniforms(self, n: int, stream: int) -> Array:
        """Returns u of each sample, (n,)."""
        if not self.randomized:
            return np.zeros(n)
        return np.random.default_rng([self.seed, stream]).random(n)

    def _penalties(self, classes: int) -> Array:
        """Returns what is added to the score of the first, second, … class of a sample."""
        return np.zeros(classes)

    def _label_scores(self, probs: Array, labels: Array) -> Array:
        own = probs[np.arange(len(labels)), labels]
        rank = (probs > own[:, None]).sum(axis=1)
        scores = self._sorted_scores(_descending(probs), self._uniforms(len(probs), HELD_OUT))
        return np.asarray(scores[np.arange(len(labels)), rank])

    def _sorted_scores(self, ordered: Array, uniforms: Array) -> Array:
        """Returns the scores of probabilities in descending order, which do not fall, (n, classes).

        Of equal probabilities the first has the score of all.
        """
        larger = np.zeros_like(ordered)
        np.cumsum(ordered[:, :-1], axis=1, out=larger[:, 1:])
        return np.asarray(larger + uniforms[:, None] * ordered + self._penalties(ordered.shape[1]))

    def _members(self, probs: Array) -> Array:
        ordered = _descending(probs)
        scores = self._sorted_scores(ordered, self._uniforms(len(probs), NEW))
        if not self.by_class:
            return _largest(probs, ordered, (scores <= self.thresholds_[0]).sum(axis=1))
        members = np.empty(probs.shape, bool)
        for index, threshold in enumerate(self.thresholds_):
            column = probs[:, index, None]
            within = _largest(column, ordered, (scores <= threshold).sum(axis=1))
            members[:, index] = within[:, 0]
        return members


class RegularizedAdaptiveSets(AdaptiveSets):
    """RAPS: APS with a penalty on the rank, λ · max(0, rank − k) (Angelopoulos et al. 2021, eq. 4).

    The rank of the most probable class is 1; equal probabilities have the rank of the first. λ and
    k are given, so that no sample is spent on choosing them. The penalty shortens the longest sets.

    Args:
        level: Coverage 1 − α, in (0, 1).
        by_class: Whether each class has its own threshold.
        allow_empty: Whether sets may be empty.
        randomized: Whether u is drawn; else it is 0.
        seed: Of the random numbers.
        penalty: λ ≥ 0.
        free_ranks: k, ranks without a penalty, ≥ 0.

    Examples:
        >>> import numpy as np
        >>> probs = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.2, 0.3, 0.5]])
        >>> fitted = RegularizedAdaptiveSets(level=0.7, penalty=0.5, free_ranks=1)
        >>> float(fitted.fit(probs, np.array([0, 1, 2])).thresholds_[0])  # of 0, .5 + .5, 0
        1.0
    """

    def __init__(
        self,
        *,
        level: float = 0.9,
        by_class: bool = False,
        allow_empty: bool = True,
        randomized: bool = False,
        seed: int = 0,
        penalty: float = 0.1,
        free_ranks: int = 2,
    ) -> None:
        super().__init__(
            level=level,
            by_class=by_class,
            allow_empty=allow_empty,
            randomized=randomized,
            seed=seed,
        )
        if penalty < 0 or free_ranks < 0:
            raise ValueError(
                f"Expected a penalty ≥ 0 and free ranks ≥ 0. Received: {penalty}, {free_ranks}"
            )
        self.penalty, self.free_ranks = float(penalty), free_ranks

    def _options(self) -> dict[str, Any]:
        own = {"penalty": self.penalty, "free_ranks": self.free_ranks}
        return super()._options() | own

    def _penalties(self, classes: int) -> Array:
        return self.penalty * np.maximum(np.arange(1, classes + 1) - self.free_ranks, 0)


def _descending(probs: Array) -> Array:
    return np.sort(probs, axis=1)[:, ::-1]


def _largest(probs: Array, ordered: Array, count: Array) -> Array:
    """Returns which probabilities are among the ``count`` largest of their row; all if they tie.

    Args:
        probs: (n, columns).
        ordered: The row's probabilities in descending order, (n, classes).
        count: (n,), 0 … classes.
    """
    least = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None], axis=1)
    return np.asarray((probs >= least) & (count > 0)[:, None])
