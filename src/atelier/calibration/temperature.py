"""Temperature scaling, for logits of any scale."""

import logging
from collections.abc import Callable
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax

from atelier.calibration.base import Calibrator
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
SEPARABLE = "every label has the largest logit"
BY_CHANCE = "the labels' logits are on average no larger than the others'"


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
    largest, unit = float(gaps.max()), unit_of(gaps)
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


def unit_of(gaps: Array) -> float:
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
