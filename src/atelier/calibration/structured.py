"""Vector and matrix scaling with structured penalties."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import softmax

from atelier.calibration.affine import Penalties, fit_affine
from atelier.calibration.base import Calibrator
from atelier.calibration.temperature import best_temperature, softmax_at
from atelier.types import Array


class PenalisedScaling(Calibrator):
    """The base of the calibrators softmax(W z + b) whose W is drawn towards the identity.

    Attributes:
        weight_: W, (classes, classes), or its diagonal, (classes,).
        bias_: b, (classes,).
    """

    weight_: Array
    bias_: Array

    def state(self) -> dict[str, Any]:
        """Returns W and b."""
        return {"weight": self.weight_, "bias": self.bias_}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes W and b.

        Raises:
            ValueError: If a shape does not fit the number of classes.
        """
        self.weight_ = np.array(state["weight"], np.float64)
        self.bias_ = np.array(state["bias"], np.float64)
        shape = (self.classes_,) * (2 if self._full else 1)
        if self.weight_.shape != shape or self.bias_.shape != (self.classes_,):
            raise ValueError(
                f"Expected weights {shape} and {self.classes_} biases. "
                f"Received: {self.weight_.shape} and {self.bias_.shape}"
            )

    def _fit(self, logits: Array, labels: Array) -> None:
        self._prepare(logits, labels)
        inputs = self._inputs(logits)
        self.weight_, self.bias_ = fit_affine(
            inputs,
            labels,
            self._penalties(*logits.shape),
            full=self._full,
            start=self._start(inputs, labels),
        )

    def _transform(self, logits: Array) -> Array:
        inputs = self._inputs(logits)
        scores = inputs @ self.weight_.T if self._full else inputs * self.weight_
        return np.asarray(softmax(scores + self.bias_, axis=1))

    def _prepare(self, logits: Array, labels: Array) -> None:
        """Fits what the inputs depend on."""

    def _start(self, inputs: Array, labels: Array) -> float:
        """Returns the factor of the identity that the search starts from."""
        return 1.0

    @abstractmethod
    def _inputs(self, logits: Array) -> Array:
        """Returns z, (n, classes)."""

    @abstractmethod
    def _penalties(self, samples: int, classes: int) -> Penalties: ...


class _StructuredScaling(PenalisedScaling):
    """The base of structured vector and matrix scaling.

    z is the logarithm of the smoothed probabilities after temperature scaling,
    (1 − s) softmax(logits / T) + s / classes with s = 1 / (n + 1), so that it is finite.

    Attributes:
        temperature_: T.
        smoothing_: s.
    """

    temperature_: float
    smoothing_: float

    def state(self) -> dict[str, Any]:
        """Returns W, b, T and s."""
        scaling = {"temperature": self.temperature_, "smoothing": self.smoothing_}
        return super().state() | scaling

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes W, b, T and s.

        Raises:
            ValueError: If a shape does not fit the number of classes, T is not above 0, or s is not
                between 0 and 1.
        """
        super().restore(state)
        self.temperature_ = float(state["temperature"])
        self.smoothing_ = float(state["smoothing"])
        if not 0 < self.temperature_ < np.inf or not 0 < self.smoothing_ < 1:
            raise ValueError(
                f"Expected a temperature above 0 and a smoothing between 0 and 1. "
                f"Received: {self.temperature_}, {self.smoothing_}"
            )

    def _prepare(self, logits: Array, labels: Array) -> None:
        self.temperature_, _ = best_temperature(logits, labels)
        self.smoothing_ = 1 / (len(labels) + 1)

    def _inputs(self, logits: Array) -> Array:
        probs = softmax_at(logits, self.temperature_)
        smooth = (1 - self.smoothing_) * probs + self.smoothing_ / logits.shape[1]
        return np.asarray(np.log(smooth))

    def _penalties(self, samples: int, classes: int) -> Penalties:
        pairs = classes * (classes - 1)
        return Penalties(classes / samples, pairs / samples, classes / samples)


class StructuredVectorScaling(_StructuredScaling):
    """Structured vector scaling, softmax((1 + v) ∘ z + b) (Berta et al. 2025, SVS).

    z are the logarithms of the probabilities after temperature scaling. v and b minimise the mean
    negative log-likelihood + classes / n · (|v|² + |b|²): with few samples for each class it is
    temperature scaling, with many it is vector scaling. ``fit`` takes logits, (n, classes), and
    labels, (n,); ``transform`` logits. Reference: Berta, Holzmüller, Jordan and Bach, Structured
    Matrix Scaling for Multi-Class Calibration, arXiv 2511.03685.

    Attributes:
        temperature_: T of temperature scaling.
        weight_: 1 + v, (classes,).
        bias_: b, (classes,).

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> StructuredVectorScaling().fit(logits, labels).transform(logits)[0].round(3).tolist()
        [0.279, 0.721]
    """


class StructuredMatrixScaling(_StructuredScaling):
    """Structured matrix scaling, softmax((I + M) z + b) (Berta et al. 2025, SMS).

    z are the logarithms of the probabilities after temperature scaling. M and b minimise the mean
    negative log-likelihood + classes / n · (|diag M|² + |b|²) + classes (classes − 1) / n ·
    Σ_{j≠k} M_jk²: an entry beside the diagonal needs more evidence than one on it. ``fit`` takes
    logits, (n, classes), and labels, (n,); ``transform`` logits. Reference: Berta, Holzmüller,
    Jordan and Bach, Structured Matrix Scaling for Multi-Class Calibration, arXiv 2511.03685.

    Attributes:
        temperature_: T of temperature scaling.
        weight_: I + M, (classes, classes).
        bias_: b, (classes,).

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> StructuredMatrixScaling().fit(logits, labels).transform(logits)[0].round(3).tolist()
        [0.274, 0.726]
    """

    _full = True
