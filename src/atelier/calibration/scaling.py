"""Calibrators with few parameters: Platt, temperature, vector and matrix scaling."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit, softmax

from atelier.calibration.affine import Penalties, fit_affine
from atelier.calibration.base import Calibrator, Map, OneVersusRest
from atelier.calibration.temperature import (
    MARGIN,
    SEPARABLE,
    TemperatureScaling,
    best_temperature,
    unit_of,
)
from atelier.types import Array

__all__ = [
    "MatrixScaling",
    "PlattScaling",
    "TemperatureScaling",
    "VectorScaling",
    "softmax_log_odds",
]

logger = logging.getLogger(__name__)

FARTHEST = 1e4
"""Logits so many units below the largest have probability 0; lower ones count as these."""
MAX_ITERATIONS = 1000
"""Of L-BFGS."""


def _sigmoid(scores: Array, *, unit: float, slope: float, bias: float) -> Array:
    with np.errstate(over="ignore"):
        units = np.clip(scores / unit, -FARTHEST, FARTHEST)
    return np.asarray(expit(slope * units + bias))


class PlattScaling(OneVersusRest):
    """Platt scaling, expit(a s + b) of each class' log-odds s against the rest (Platt 1999).

    It is fitted to Platt's softened targets, (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2), so that
    separable data and absent classes have a finite solution. s is log p / (1 − p) of the softmax p,
    which for two classes is the difference of the logits. ``fit`` takes logits, (n, classes), and
    labels, (n,); ``transform`` logits.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> PlattScaling().fit(logits, labels).transform(logits)[0].round(4).tolist()
        [0.3167, 0.6833]
    """

    _function = staticmethod(_sigmoid)

    def _scores(self, logits: Array) -> Array:
        return _odds_over_chance(logits)  # the bias takes up the constant

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        positive = outcome.sum()
        negative = len(outcome) - positive
        target = np.where(outcome, (positive + 1) / (positive + 2), 1 / (negative + 2))
        unit = float(np.abs(scores).max()) or 1.0
        design = np.stack([scores / unit, np.ones(len(scores))], axis=1)  # (n, 2)

        def loss(weights: Array) -> tuple[float, Array]:
            score = design @ weights
            nll = -(target * log_expit(score) + (1 - target) * log_expit(-score)).mean()
            return float(nll), (expit(score) - target) @ design / len(score)

        prior = np.log((positive + 1) / (negative + 1))
        slope, bias = _minimizer(loss, np.array([0.0, prior]))
        return self._map(unit=unit, slope=float(slope), bias=float(bias))


def _minimizer(loss: Callable[[Array], tuple[float, Array]], start: Array) -> Array:
    """Returns the minimizer of a convex loss, which returns its gradient as well, by L-BFGS."""
    options: Any = {
        "maxiter": MAX_ITERATIONS,
        "maxfun": 2 * MAX_ITERATIONS,
        "ftol": 1e-14,
        "gtol": 1e-10,
    }
    least: Any = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(least.x)


def softmax_log_odds(logits: Array) -> Array:
    """Returns log p / (1 − p) of each class under the softmax, (n, classes).

    It is exact where p rounds to 1.
    """
    below = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(_odds_over_chance(below) - np.log(logits.shape[1] - 1))


def _odds_over_chance(logits: Array) -> Array:
    """Returns log p / (1 − p) + log (classes − 1), that is z_k − log mean_{j≠k} exp z_j.

    Without the constant small logits keep all their digits. The mean without the largest logit is
    taken by itself.

    Args:
        logits: (n, classes), the largest of each row 0.
    """
    rows, top = np.arange(len(logits)), logits.argmax(axis=1)
    count = logits.shape[1] - 1
    excess = np.expm1(logits)
    means = (excess.sum(axis=1, keepdims=True) - excess) / count
    means[rows, top] = 0.0  # set below
    log_mean = np.log1p(means)
    without_top = logits.copy()
    without_top[rows, top] = -np.inf
    second = without_top.max(axis=1)
    without_top[rows, top] = second  # adds expm1(0)
    sums = np.expm1(without_top - second[:, None]).sum(axis=1)
    log_mean[rows, top] = second + np.log1p(sums / count)
    return np.asarray(logits - log_mean)


class _AffineScaling(Calibrator):
    """The base of vector and matrix scaling, softmax(W z + b).

    W and b minimise the negative log-likelihood, by L-BFGS from the best temperature. z are the
    logits less their row's mean, in units of that temperature, or of their own scale where there is
    none. If some W and b separate the classes of the fitting set, there is no optimum: the larger
    the weights, the smaller the loss. The search then ends where the loss is below 10⁻⁶ nats.

    Attributes:
        unit_: The unit of z, in units of the logits.
        bias_: b, (classes,).
    """

    unit_: float
    bias_: Array
    _weight: Array

    @property
    def weight_(self) -> Array:
        """W for logits less their row's mean: (classes,), or (classes, classes) of a matrix."""
        return np.asarray(self._weight / self.unit_)

    def state(self) -> dict[str, Any]:
        """Returns the unit of the logits, W in these units, and b."""
        return {"unit": self.unit_, "weight": self._weight, "bias": self.bias_}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes the unit of the logits, W in these units, and b.

        Raises:
            ValueError: If a shape does not fit the number of classes, or the unit is not positive.
        """
        self.unit_ = float(state["unit"])
        self._weight = np.array(state["weight"], np.float64)
        self.bias_ = np.array(state["bias"], np.float64)
        shape = (self.classes_,) * (2 if self._full else 1)
        if self._weight.shape != shape or len(self.bias_) != self.classes_ or not self.unit_ > 0:
            raise ValueError(
                f"Expected weights {shape} and a positive unit. "
                f"Received: {self._weight.shape}, unit {self.unit_}"
            )

    def _fit(self, logits: Array, labels: Array) -> None:
        temperature, reason = best_temperature(logits, labels)
        if reason == SEPARABLE:
            logger.warning("no finite weights are best for this set, since %s", reason)
        self.unit_ = unit_of(-logits) if reason else temperature
        z = _in_units(logits, self.unit_)
        start = min(self.unit_ / temperature, MARGIN)
        self._weight, self.bias_ = fit_affine(
            z, labels, Penalties(0.0, 0.0, 0.0), full=self._full, start=start
        )

    def _transform(self, logits: Array) -> Array:
        z = _in_units(logits, self.unit_)
        scores = z @ self._weight.T if self._full else z * self._weight
        return np.asarray(softmax(scores + self.bias_, axis=1))


def _in_units(logits: Array, unit: float) -> Array:
    """Returns logits / unit less their row's mean, none more than FARTHEST below the largest.

    Args:
        logits: (n, classes), the largest of each row 0.
        unit: > 0.
    """
    with np.errstate(over="ignore"):
        below = np.maximum(logits / unit, -FARTHEST)
    return np.asarray(below - below.mean(axis=1, keepdims=True))


class VectorScaling(_AffineScaling):
    """Vector scaling, softmax(w ∘ z + b), a weight and a bias per class (Guo et al. 2017, § 4.2).

    z are the logits less their row's mean; w and b minimise the negative log-likelihood of the
    fitting set. ``fit`` takes logits, (n, classes), and labels, (n,); ``transform`` logits.

    Attributes:
        weight_: w, (classes,).
        bias_: b, (classes,).

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> VectorScaling().fit(logits, labels).transform(logits)[0].round(3).tolist()
        [0.25, 0.75]
    """


class MatrixScaling(_AffineScaling):
    """Matrix scaling, softmax(W z + b) with a full matrix (Guo et al. 2017, eq. 8).

    z are the logits less their row's mean; W and b minimise the negative log-likelihood of the
    fitting set. With many classes it overfits: 5,000 rows of 100 classes are mostly separable. Then
    there is no optimum and the search ends at a loss of 10⁻⁶ nats; where only some classes are
    separable it ends after 380 iterations, with a loss near its lower limit and large weights.
    ``fit`` takes logits, (n, classes), and labels, (n,); ``transform`` logits.

    Attributes:
        weight_: W, (classes, classes).
        bias_: b, (classes,).

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> MatrixScaling().fit(logits, labels).transform(logits)[0].round(3).tolist()
        [0.25, 0.75]
    """

    _full = True
