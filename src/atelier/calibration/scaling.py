"""Calibrators with few parameters: Platt, temperature, vector and matrix scaling."""

import logging
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_expit, softmax

from atelier.calibration.calibrator import Calibrator, Map, OneVersusRest
from atelier.calibration.metrics import negative_log_likelihood
from atelier.types import Array

logger = logging.getLogger(__name__)

LOG_T = 10.0
"""Temperatures are looked for in exp(−10) … exp(10)."""
STEPS = 1000


class TemperatureScaling(Calibrator):
    """softmax(logits / T), T the best for the fitting set (Guo et al. 2017, eq. 9).

    No prediction changes. The negative log-likelihood is convex in 1/T, so its slope has one root,
    bracketed in log T; where the fitting set is separable (or worse than chance), T is the limit of
    the bracket, and a warning says so. Never worse on the fitting set than T = 1.

    Attributes:
        temperature_: T.
        residual_: |mean logit of the label − mean expected logit| at T: 0 at the optimum, in units
            of the logits.
    """

    temperature_: float = 1.0
    residual_: float = 0.0

    def _fit(self, logits: Array, labels: Array) -> None:
        true = logits[np.arange(len(labels)), labels].mean()

        def slope(log_t: float) -> float:
            """Derivative of the negative log-likelihood to 1/T."""
            expected = (softmax(logits / np.exp(log_t), axis=1) * logits).sum(axis=1).mean()
            return float(expected - true)

        self.temperature_ = float(np.exp(_root(slope)))
        scaled = negative_log_likelihood(logits / self.temperature_, labels)
        if scaled > negative_log_likelihood(logits, labels):
            self.temperature_ = 1.0
        self.residual_ = abs(slope(np.log(self.temperature_)))

    def _transform(self, logits: Array) -> Array:
        return np.asarray(softmax(logits / self.temperature_, axis=1))


def _root(slope: Callable[[float], float]) -> float:
    """Log T at which a slope that falls with log T is 0; the nearer limit where it never is."""
    cold, hot = slope(-LOG_T), slope(LOG_T)
    if cold == hot:
        return 0.0  # all logits equal: T has no effect
    if cold * hot < 0:
        return float(brentq(slope, -LOG_T, LOG_T, xtol=1e-14, rtol=1e-14))
    limit = -LOG_T if cold <= 0 else LOG_T
    logger.warning("no finite temperature is best for this set: taking T = %.3g", np.exp(limit))
    return limit


class PlattScaling(OneVersusRest):
    """expit(a s + b) of each class' log-odds s against the rest (Platt 1999).

    Fitted to Platt's softened targets, (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2), so that separable data
    and absent classes have a finite answer. s is what the softmax says, log p / (1 − p), which for
    two classes is the difference of the logits.
    """

    def _scores(self, logits: Array) -> Array:
        return log_odds(logits)

    def _fit_map(self, scores: Array, outcome: Array) -> Map:
        positive = outcome.sum()
        negative = len(outcome) - positive
        target = np.where(outcome, (positive + 1) / (positive + 2), 1 / (negative + 2))
        unit = max(float(np.abs(scores).max()), 1e-12)
        design = np.stack([scores / unit, np.ones(len(scores))], axis=1)  # (n, 2)

        def loss(weights: Array) -> tuple[float, Array]:
            score = design @ weights
            nll = -(target * log_expit(score) + (1 - target) * log_expit(-score)).mean()
            return float(nll), (expit(score) - target) @ design / len(score)

        prior = np.log((positive + 1) / (negative + 1))
        slope, bias = _least(loss, np.array([0.0, prior]))
        return lambda s: np.asarray(expit(s * (slope / unit) + bias))


def _least(loss: Callable[[Array], tuple[float, Array]], start: Array) -> Array:
    """Where a convex loss, given with its gradient, is least, by L-BFGS."""
    options: Any = {"maxiter": STEPS, "maxfun": 2 * STEPS, "ftol": 1e-14, "gtol": 1e-10}
    least: Any = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(least.x)


def log_odds(logits: Array) -> Array:
    """Log p / (1 − p) of each class under the softmax, (n, classes); exact where p rounds to 1.

    s_k = z_k − log Σ_{j≠k} exp z_j, the sum without the largest logit being summed by itself.
    """
    rows, top = np.arange(len(logits)), logits.argmax(axis=1)
    shifted = logits - logits[rows, top][:, None]
    others = shifted.copy()
    others[rows, top] = -np.inf
    second = others.max(axis=1)
    without_top = second + np.log(np.exp(others - second[:, None]).sum(axis=1))
    without_each = np.exp(shifted).sum(axis=1, keepdims=True) - np.exp(shifted)
    without_each[rows, top] = 1.0  # not used
    rest = np.log(without_each)
    rest[rows, top] = without_top
    return np.asarray(shifted - rest)


class _AffineScaling(Calibrator):
    """softmax(W z + b), W and b of least negative log-likelihood, by L-BFGS from the best T."""

    def _fit(self, logits: Array, labels: Array) -> None:
        temperature = TemperatureScaling().fit(logits, labels).temperature_
        z = logits / temperature
        truth = np.zeros_like(z)
        truth[np.arange(len(labels)), labels] = 1
        shape = self._identity(self.classes_).shape

        def loss(flat: Array) -> tuple[float, Array]:
            weight, bias = flat[: -self.classes_].reshape(shape), flat[-self.classes_ :]
            out = self._apply(z, weight) + bias
            out -= out.max(axis=1, keepdims=True)
            log_total = np.log(np.exp(out).sum(axis=1, keepdims=True))
            nll = -((out - log_total) * truth).sum() / len(z)
            error = (np.exp(out - log_total) - truth) / len(z)  # (n, classes)
            return float(nll), np.append(self._gradient(z, error).ravel(), error.sum(axis=0))

        start = np.append(self._identity(self.classes_), np.zeros(self.classes_))
        best = _least(loss, start)
        self.weight_ = best[: -self.classes_].reshape(shape) / temperature
        self.bias_ = best[-self.classes_ :]

    def _transform(self, logits: Array) -> Array:
        return np.asarray(softmax(self._apply(logits, self.weight_) + self.bias_, axis=1))

    @staticmethod
    @abstractmethod
    def _identity(classes: int) -> Array: ...

    @staticmethod
    @abstractmethod
    def _apply(z: Array, weight: Array) -> Array: ...

    @staticmethod
    @abstractmethod
    def _gradient(z: Array, error: Array) -> Array: ...


class VectorScaling(_AffineScaling):
    """softmax(w ∘ z + b), a weight and a bias for each class (Guo et al. 2017, § 4.2)."""

    @staticmethod
    def _identity(classes: int) -> Array:
        return np.ones(classes)

    @staticmethod
    def _apply(z: Array, weight: Array) -> Array:
        return z * weight

    @staticmethod
    def _gradient(z: Array, error: Array) -> Array:
        return np.asarray((z * error).sum(axis=0))


class MatrixScaling(_AffineScaling):
    """softmax(W z + b), a full matrix (Guo et al. 2017, eq. 8); overfits where classes are many."""

    @staticmethod
    def _identity(classes: int) -> Array:
        return np.eye(classes)

    @staticmethod
    def _apply(z: Array, weight: Array) -> Array:
        return np.asarray(z @ weight.T)

    @staticmethod
    def _gradient(z: Array, error: Array) -> Array:
        return np.asarray(error.T @ z)
