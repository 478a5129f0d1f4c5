"""What every calibrator shares: checked inputs, and one-versus-rest for the binary ones."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

import numpy as np
from scipy.special import softmax

from atelier.evaluation.validation import checked_labels, checked_logits
from atelier.types import Array

FURTHEST = 1e305
"""Differences of logits beyond it count as this, so that sums over classes stay finite."""

Map = Callable[[Array], Array]
"""From scores, (n,), to probabilities, (n,)."""


class Calibrator(ABC):
    """Turns logits into probabilities that mean what they say."""

    classes_: int = 0

    def fit(self, logits: Array, labels: Array) -> Self:
        """Learn from held-out data; never from the samples that are judged afterwards.

        Args:
            logits: (n, classes ≥ 2), of any scale; a constant added to a row changes nothing.
                A class that is impossible for a sample has a large negative logit, such as −1e30.
            labels: (n,), integers in [0, classes); a class may be absent.

        Raises:
            ValueError: Another shape, masked values, NaN or infinity (counted), labels outside the
                classes.
        """
        logits = checked_logits(logits)
        labels = checked_labels(labels, *logits.shape)
        self.classes_ = logits.shape[1]
        self._fit(_below_largest(logits), labels)
        return self

    def transform(self, logits: Array) -> Array:
        """Probabilities, (n, classes) float64, each row summing to 1.

        Raises:
            ValueError: Not fitted, other classes than fitted for, masked values, NaN or infinity.
        """
        if not self.classes_:
            raise ValueError(f"Expected fit before transform. Received: a new {type(self)}")
        return self._transform(_below_largest(checked_logits(logits, classes=self.classes_)))

    @abstractmethod
    def _fit(self, logits: Array, labels: Array) -> None: ...

    @abstractmethod
    def _transform(self, logits: Array) -> Array: ...


def _below_largest(logits: Array) -> Array:
    """Returns the logits less the largest of their row, in [−FURTHEST, 0].

    The subtraction is exact where the logits of a row are near each other, so an offset of 1e8
    costs no more digits than the logits lost when it was added to them.
    """
    with np.errstate(over="ignore"):
        below = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(np.maximum(below, -FURTHEST))


class OneVersusRest(Calibrator):
    """A binary method for several classes (Guo et al. 2017, § 4.2): each class against the rest,
    then each row divided by its sum. Two classes are one binary problem.

    A row in which every class says 0 keeps its softmax.
    """

    def _fit(self, logits: Array, labels: Array) -> None:
        scores = self._scores(logits)
        fitted = [1] if self.classes_ == 2 else range(self.classes_)
        self.maps_ = [self._fit_map(scores[:, one], labels == one) for one in fitted]

    def _transform(self, logits: Array) -> Array:
        scores = self._scores(logits)
        if self.classes_ == 2:
            one = self.maps_[0](scores[:, 1])
            return np.stack([1 - one, one], axis=1)
        raw = np.stack([to(scores[:, one]) for one, to in enumerate(self.maps_)], axis=1)
        total = raw.sum(axis=1, keepdims=True)
        return np.where(total > 0, raw / np.where(total > 0, total, 1), softmax(logits, axis=1))

    def _scores(self, logits: Array) -> Array:
        return np.asarray(softmax(logits, axis=1))

    @abstractmethod
    def _fit_map(self, scores: Array, outcome: Array) -> Map: ...
