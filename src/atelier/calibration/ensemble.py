"""Ensemble temperature scaling."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize

from atelier.calibration.base import Calibrator
from atelier.calibration.temperature import best_temperature, softmax_at
from atelier.types import Array

LEAST_ORDERED = 1e-6
"""Least weight of the two terms that order the classes as the logits do."""
SMALLEST = 1e-20
"""Replaces smaller probabilities of the label in the likelihood."""


class EnsembleTemperatureScaling(Calibrator):
    """Ensemble temperature scaling, w₁ softmax(z / T) + w₂ softmax(z) + w₃ / classes.

    T is that of temperature scaling; then the weights, ≥ 0 with sum 1, minimise the negative
    log-likelihood of the fitting set (Zhang, Kailkhura & Han 2020, eq. 9). No prediction
    changes, since w₁ + w₂ > 0, and on the fitting set it is never worse than temperature scaling or
    the softmax. ``fit`` takes logits, (n, classes), and labels, (n,); ``transform`` logits.

    Attributes:
        temperature_: T.
        weights_: w, (3,).

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> EnsembleTemperatureScaling().fit(logits, labels).transform(logits)[0].round(3).tolist()
        [0.25, 0.75]
    """

    keeps_predictions = True
    temperature_: float
    weights_: Array

    def state(self) -> dict[str, Any]:
        """Returns T and the weights."""
        return {"temperature": self.temperature_, "weights": self.weights_}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes T and the weights.

        Raises:
            ValueError: If T is not above 0, or the weights are not three shares of 1.
        """
        self.temperature_ = float(state["temperature"])
        self.weights_ = np.array(state["weights"], np.float64)
        shares = self.weights_.shape == (3,) and bool((self.weights_ >= 0).all())
        if not shares or abs(self.weights_.sum() - 1) > 1e-9 or not 0 < self.temperature_ < np.inf:
            raise ValueError(
                f"Expected a temperature above 0 and three shares of 1. "
                f"Received: {self.temperature_}, {self.weights_.tolist()}"
            )

    def _fit(self, logits: Array, labels: Array) -> None:
        self.temperature_, _ = best_temperature(logits, labels)
        rows = np.arange(len(labels))
        scaled, plain = (softmax_at(logits, t)[rows, labels] for t in (self.temperature_, 1.0))
        uniform = np.full(len(labels), 1 / logits.shape[1])
        self.weights_ = best_weights(np.stack([scaled, plain, uniform], axis=1))

    def _transform(self, logits: Array) -> Array:
        of_scaled, of_plain, of_uniform = self.weights_
        probs = of_scaled * softmax_at(logits, self.temperature_)
        probs += of_plain * softmax_at(logits, 1.0) + of_uniform / logits.shape[1]
        return np.asarray(probs / probs.sum(axis=1, keepdims=True))


def best_weights(terms: Array) -> Array:
    """Returns the weights, (3,), of the largest likelihood of a mixture.

    Args:
        terms: Probability of each label by each term, (n, 3).
    """

    def loss(weights: Array) -> tuple[float, Array]:
        mixed = np.maximum(terms @ weights, SMALLEST)
        return float(-np.log(mixed).mean()), -(terms / mixed[:, None]).mean(axis=0)

    total: Any = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": np.ones_like}
    bounds = [(0, 1), (0, 1), (0, 1 - LEAST_ORDERED)]
    start = np.array([0.5, 0.25, 0.25])
    optimum: Any = minimize(
        loss, start, jac=True, method="SLSQP", bounds=bounds, constraints=total,
        options={"ftol": 1e-14, "maxiter": 200},
    )  # fmt: skip
    inside = np.clip(optimum.x, 0, [1, 1, 1 - LEAST_ORDERED])
    candidates = [inside / inside.sum(), np.array([1.0, 0, 0]), np.array([0, 1.0, 0])]
    losses = [loss(weights)[0] for weights in candidates]
    return candidates[int(np.nanargmin(losses))]
