"""Calibrators with few parameters: Platt, temperature, vector and matrix scaling."""

import logging
from abc import abstractmethod
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, log_expit, softmax

from atelier.calibration.calibrator import Calibrator, Map, OneVersusRest
from atelier.types import Array

logger = logging.getLogger(__name__)

MARGIN = float(np.exp(10.0))
"""Where no finite temperature is best: how far beyond the logits' scale the one taken lies."""
ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""Share of a mean below which the sum's rounding errors decide its sign."""
TEMPERATURES = (
    float(np.finfo(np.float64).smallest_subnormal),
    float(np.finfo(np.float64).max),
)
FARTHEST = 1e4
"""Logits so many units below the largest have probability 0; further ones count as these."""
SEPARABLE = "every label has the largest logit"
BY_CHANCE = "the labels' logits are on average no larger than the others'"
STEPS = 1000


class TemperatureScaling(Calibrator):
    """softmax(logits / T), T the best for the fitting set (Guo et al. 2017, eq. 9).

    No prediction changes. The negative log-likelihood is convex in 1/T, so its slope has one root;
    the search starts from the scale of the logits themselves, so any scale will do. Two kinds of
    sets have no root: a separable one (every label has the largest logit, and T → 0 is best) and
    one in which the labels' logits are on average no larger than the others' (T → ∞ is best). There
    T lies e¹⁰ beyond the logits' scale, or is 1 where that is better, and a warning says so. Never
    worse on the fitting set than T = 1.

    Attributes:
        temperature_: T.
        residual_: |mean logit of the label − mean expected logit| at T: 0 at the optimum, in units
            of the logits.
    """

    temperature_: float = 1.0
    residual_: float = 0.0

    def _fit(self, logits: Array, labels: Array) -> None:
        self.temperature_, reason = best_temperature(logits, labels)
        if reason:
            logger.warning(
                "no finite temperature is best for this set, since %s: taking T = %.3g",
                reason,
                self.temperature_,
            )
        self.residual_ = abs(_slope(-logits, labels, self.temperature_))

    def _transform(self, logits: Array) -> Array:
        return softmax_at(logits, self.temperature_)


def softmax_at(logits: Array, temperature: float) -> Array:
    """Returns softmax(logits / T), (n, classes), for finite logits and T > 0 of any size."""
    below = logits - logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # −∞ has probability 0
        return np.asarray(softmax(below / temperature, axis=1))


def best_temperature(logits: Array, labels: Array) -> tuple[float, str]:
    """Returns the T of least negative log-likelihood, and why it is a limit where it is.

    Args:
        logits: (n, classes), the largest of each row 0.
        labels: (n,), integers in [0, classes).

    Returns:
        T > 0, and "" if it is the optimum or has no effect, else the reason why there is none.
    """
    gaps = -logits
    largest, unit = float(gaps.max()), _unit(gaps)
    if unit == 0:
        return 1.0, ""  # all logits of each row are equal: T has no effect
    if not gaps[np.arange(len(labels)), labels].any():
        return max(min(unit / MARGIN, 1.0), TEMPERATURES[0]), SEPARABLE
    binary_scale = min(int(np.frexp(largest)[1]), 0)  # scaled up by it, small logits are exact
    gaps = np.ldexp(gaps, -binary_scale)
    unsure = (gaps.mean(axis=1) / len(gaps)).sum()
    if _slope(gaps, labels, np.inf) >= -ROUNDING * unsure:
        return max(min(largest * MARGIN, TEMPERATURES[1]), 1.0), BY_CHANCE
    best = _root(lambda t: _slope(gaps, labels, t), float(np.ldexp(unit, -binary_scale)))
    return max(float(np.ldexp(best, binary_scale)), TEMPERATURES[0]), ""


def _unit(gaps: Array) -> float:
    """Returns the median over the rows of the least positive gap below the largest logit, or 0."""
    least = np.where(gaps > 0, gaps, np.inf).min(axis=1)
    least = least[np.isfinite(least)]
    return float(np.median(least)) if len(least) else 0.0


def _slope(gaps: Array, labels: Array, temperature: float) -> float:
    """Returns the derivative of the negative log-likelihood to 1/T at T; it falls with T."""
    with np.errstate(over="ignore"):  # exp(−∞) is 0
        weights = np.exp(-gaps / temperature)
    expected = np.einsum("ij,ij->i", weights, gaps) / weights.sum(axis=1)
    true = gaps[np.arange(len(labels)), labels]
    return float(((true - expected) / len(gaps)).sum())


def _root(slope: Callable[[float], float], unit: float) -> float:
    """Returns the T at which a slope that falls with T from above 0 to below 0 is 0.

    The bracket grows from ``unit`` in steps that double, in the logarithm of T.
    """
    lowest, highest = np.log(TEMPERATURES)

    @cache
    def at(log_t: float) -> float:
        return slope(float(np.exp(log_t)))

    start = end = float(np.log(unit))
    step = 1.0 if at(start) > 0 else -1.0
    while at(end) * step > 0 and lowest < end + step < highest:
        start, end = end, end + step
        step *= 2
    if at(end) * step > 0:
        return float(np.exp(end))  # rounding errors hide the root
    return float(np.exp(brentq(at, start, end, xtol=1e-14, rtol=1e-14)))


class PlattScaling(OneVersusRest):
    """expit(a s + b) of each class' log-odds s against the rest (Platt 1999).

    Fitted to Platt's softened targets, (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2), so that separable data
    and absent classes have a finite answer. s is what the softmax says, log p / (1 − p), which for
    two classes is the difference of the logits.
    """

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
        slope, bias = _least(loss, np.array([0.0, prior]))
        return partial(_sigmoid, unit=unit, slope=float(slope), bias=float(bias))


def _sigmoid(scores: Array, *, unit: float, slope: float, bias: float) -> Array:
    with np.errstate(over="ignore"):
        units = np.clip(scores / unit, -FARTHEST, FARTHEST)
    return np.asarray(expit(slope * units + bias))


def _least(loss: Callable[[Array], tuple[float, Array]], start: Array) -> Array:
    """Where a convex loss, given with its gradient, is least, by L-BFGS."""
    options: Any = {"maxiter": STEPS, "maxfun": 2 * STEPS, "ftol": 1e-14, "gtol": 1e-10}
    least: Any = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(least.x)


def log_odds(logits: Array) -> Array:
    """Log p / (1 − p) of each class under the softmax, (n, classes); exact where p rounds to 1."""
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
    others = logits.shape[1] - 1
    excess = np.expm1(logits)
    means = (excess.sum(axis=1, keepdims=True) - excess) / others
    means[rows, top] = 0.0  # set below
    rest = np.log1p(means)
    without_top = logits.copy()
    without_top[rows, top] = -np.inf
    second = without_top.max(axis=1)
    without_top[rows, top] = second  # adds expm1(0)
    sums = np.expm1(without_top - second[:, None]).sum(axis=1)
    rest[rows, top] = second + np.log1p(sums / others)
    return np.asarray(logits - rest)


class _AffineScaling(Calibrator):
    """softmax(W z + b), W and b of least negative log-likelihood, by L-BFGS from the best T.

    z are the logits less their row's mean, in units of the best T, or of their own scale where
    there is none.

    Attributes:
        unit_: The unit, in units of the logits.
        bias_: b, (classes,).
    """

    unit_: float
    bias_: Array
    _weight: Array

    @property
    def weight_(self) -> Array:
        """W as it applies to logits less their row's mean."""
        return np.asarray(self._weight / self.unit_)

    def _fit(self, logits: Array, labels: Array) -> None:
        temperature, reason = best_temperature(logits, labels)
        if reason == SEPARABLE:
            logger.warning("no finite weights are best for this set, since %s", reason)
        self.unit_ = _unit(-logits) if reason else temperature
        z = _in_units(logits, self.unit_)
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

        first = self._identity(self.classes_) * min(self.unit_ / temperature, MARGIN)
        best = _least(loss, np.append(first, np.zeros(self.classes_)))
        self._weight = best[: -self.classes_].reshape(shape)
        self.bias_ = best[-self.classes_ :]

    def _transform(self, logits: Array) -> Array:
        z = _in_units(logits, self.unit_)
        return np.asarray(softmax(self._apply(z, self._weight) + self.bias_, axis=1))

    @staticmethod
    @abstractmethod
    def _identity(classes: int) -> Array: ...

    @staticmethod
    @abstractmethod
    def _apply(z: Array, weight: Array) -> Array: ...

    @staticmethod
    @abstractmethod
    def _gradient(z: Array, error: Array) -> Array: ...


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
