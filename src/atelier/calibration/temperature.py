"""Temperature scaling of logits of any scale."""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax

from atelier.calibration.base import Calibrator
from atelier.types import Array

logger = logging.getLogger(__name__)

MARGIN = float(np.exp(10.0))
"""Where no finite temperature is optimal: distance of the chosen one from the logits' scale."""
ROUNDING = 64 * float(np.finfo(np.float64).eps)
"""Relative size of a mean below which rounding errors decide its sign."""
TEMPERATURES = (
    float(np.finfo(np.float64).smallest_subnormal),
    float(np.finfo(np.float64).max),
)
SEPARABLE = "every label has the largest logit"
UNINFORMATIVE = "the labels' logits are on average no larger than the others'"


class TemperatureScaling(Calibrator):
    """Temperature scaling, softmax(logits / T) (Guo et al. 2017, eq. 9).

    T > 0 minimises the negative log-likelihood of the fitting set; no prediction changes. The
    likelihood is convex in 1/T, so its slope has one root; the search starts from the scale of
    the logits, so any scale is accepted. Two kinds of sets have no root: a separable one (every
    label has the largest logit, and T → 0 is optimal) and one in which the labels' logits are on
    average no larger than the others' (T → ∞ is optimal). Then T lies e¹⁰ beyond the logits'
    scale, or is 1 where that is better, and a warning says so. On the fitting set it is never worse
    than T = 1. ``fit`` takes logits, (n, classes), and labels, (n,); ``transform`` logits.

    Attributes:
        temperature_: T.
        residual_: |mean logit of the label − mean expected logit| at T, in units of the logits: 0
            at the optimum.

    Examples:
        >>> import numpy as np
        >>> logits, labels = np.array([[0.0, 4.0]] * 4), np.array([1, 1, 1, 0])
        >>> scaling = TemperatureScaling().fit(logits, labels)
        >>> round(scaling.temperature_, 4)  # 4 / ln 3
        3.641
        >>> scaling.transform(logits)[0].round(4).tolist()
        [0.25, 0.75]
    """

    keeps_predictions = True
    temperature_: float = 1.0
    residual_: float = 0.0

    def state(self) -> dict[str, Any]:
        """Returns T and the residual."""
        return {"temperature": self.temperature_, "residual": self.residual_}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes T and the residual.

        Raises:
            ValueError: If T is not above 0.
        """
        self.temperature_, self.residual_ = float(state["temperature"]), float(state["residual"])
        if not 0 < self.temperature_ < np.inf:
            raise ValueError(f"Expected a temperature above 0. Received: {self.temperature_}")

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
    """Returns softmax(logits / T), (n, classes), of finite logits for T > 0 of any size."""
    below = logits - logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # −∞ has probability 0
        return np.asarray(softmax(below / temperature, axis=1))


def best_temperature(logits: Array, labels: Array) -> tuple[float, str]:
    """Returns the T of least negative log-likelihood, and the reason if no finite T is optimal.

    Args:
        logits: (n, classes), the largest of each row 0.
        labels: (n,), integers in [0, classes).

    Returns:
        T > 0, and the reason; "" if T is the optimum or has no effect.
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
        return max(min(largest * MARGIN, TEMPERATURES[1]), 1.0), UNINFORMATIVE
    best = _root(lambda t: _slope(gaps, labels, t), float(np.ldexp(unit, -binary_scale)))
    return max(float(np.ldexp(best, binary_scale)), TEMPERATURES[0]), ""


def unit_of(gaps: Array) -> float:
    """Returns the median over the rows of the least positive gap below the largest logit, or 0."""
    least = np.where(gaps > 0, gaps, np.inf).min(axis=1)
    least = least[np.isfinite(least)]
    return float(np.median(least)) if len(least) else 0.0


def _slope(gaps: Array, labels: Array, temperature: float) -> float:
    """Returns the derivative of the negative log-likelihood by 1/T at T; it falls with T."""
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
