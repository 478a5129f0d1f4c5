"""The base classes of all calibrators, and of the binary ones applied one-versus-rest."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import softmax

from atelier.calibration.threads import blas_threads
from atelier.evaluation.validation import checked_labels, checked_logits
from atelier.types import Array

FURTHEST = 1e305
"""Larger differences of logits count as this, so that sums over classes stay finite."""

Map = partial[Array]
"""From scores, (n,), to probabilities, (n,), with its parameters as keyword arguments."""


class Calibrator(ABC):
    """Maps logits, (n, classes), to calibrated probabilities, (n, classes).

    Attributes:
        classes_: Number of classes; 0 before ``fit``.
        keeps_predictions: Whether the most probable class is that of the largest logit, whatever
            it is fitted to.
    """

    classes_: int = 0
    keeps_predictions: ClassVar[bool] = False
    _full: ClassVar[bool] = False
    """Whether it fits a matrix, (classes, classes)."""

    def fit(self, logits: Array, labels: Array) -> Self:
        """Fits the calibrator to held-out data, which must not be the data it is evaluated on.

        Args:
            logits: (n, classes ≥ 2), of any scale; a constant added to a row changes nothing.
                A class that is impossible for a sample has a large negative logit, such as −1e30.
            labels: (n,), integers in [0, classes); a class may be absent.

        Returns:
            The calibrator itself.

        Raises:
            ValueError: If the logits have another shape, masked values, NaN or infinity (counted),
                or the labels are outside the classes.
        """
        logits = checked_logits(logits)
        labels = checked_labels(labels, *logits.shape)
        self.classes_ = logits.shape[1]
        rows, classes = logits.shape
        with blas_threads(rows * classes**2 if self._full else rows * classes):
            self._fit(_below_largest(logits), labels)
        return self

    def transform(self, logits: Array) -> Array:
        """Returns calibrated probabilities, (n, classes) float64, each row summing to 1.

        Args:
            logits: (n, classes), of as many classes as it was fitted to.

        Raises:
            ValueError: If it is not fitted, or the logits have another number of classes, masked
                values, NaN or infinity.
        """
        if not self.classes_:
            raise ValueError(f"Expected fit before transform. Received: a new {type(self)}")
        return self._transform(_below_largest(checked_logits(logits, columns=self.classes_)))

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Returns all that ``transform`` needs: numbers, arrays, and lists of these by name."""

    @abstractmethod
    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes the state of a fitted calibrator, whose arrays may be lists."""

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
    """Applies a binary method to several classes, one versus the rest (Guo et al. 2017, § 4.2).

    Each row is then divided by its sum. Two classes are one binary problem. A row in which every
    class has probability 0 keeps its softmax.

    Attributes:
        maps_: The fitted function of each class' scores; of two classes, that of the second one.
    """

    maps_: list[Map]
    _function: ClassVar[Callable[..., Array]]
    """What every map calls, with the map's parameters."""

    def state(self) -> dict[str, Any]:
        """Returns the parameters of each map."""
        return {"maps": [dict(fitted.keywords) for fitted in self.maps_]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes the parameters of each map.

        Raises:
            ValueError: If there is not one map for each class, or one for two classes.
        """
        expected = 1 if self.classes_ == 2 else self.classes_
        if len(state["maps"]) != expected:
            raise ValueError(f"Expected {expected} maps. Received: {len(state['maps'])}")
        self.maps_ = [
            self._map(**{name: _as_array(value) for name, value in parameters.items()})
            for parameters in state["maps"]
        ]

    def _map(self, **parameters: Any) -> Map:
        return partial(type(self)._function, **parameters)

    def _fit(self, logits: Array, labels: Array) -> None:
        scores = self._scores(logits)
        fitted = [1] if self.classes_ == 2 else range(self.classes_)
        self.maps_ = [self._fit_map(scores[:, index], labels == index) for index in fitted]

    def _transform(self, logits: Array) -> Array:
        scores = self._scores(logits)
        if self.classes_ == 2:
            second = self.maps_[0](scores[:, 1])
            return np.stack([1 - second, second], axis=1)
        raw = np.stack([fitted(scores[:, k]) for k, fitted in enumerate(self.maps_)], axis=1)
        total = raw.sum(axis=1, keepdims=True)
        return np.where(total > 0, raw / np.where(total > 0, total, 1), softmax(logits, axis=1))

    def _scores(self, logits: Array) -> Array:
        return np.asarray(softmax(logits, axis=1))

    @abstractmethod
    def _fit_map(self, scores: Array, outcome: Array) -> Map: ...


def _as_array(value: Any) -> Any:
    return np.array(value, np.float64) if isinstance(value, list) else value
