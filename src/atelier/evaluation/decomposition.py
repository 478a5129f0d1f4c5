"""Proper scores divided into what calibration can mend and what it cannot.

Of a binary event, or of the predicted class being right, the division is CORP's (Dimitriadis,
Gneiting & Jordan 2021): isotonic regression recalibrates. Of all classes it is that of Berta et al.
2025 (arXiv 2501.19195): a temperature recalibrates, and the score after it is the refinement error.
"""

from collections.abc import Callable
from typing import NamedTuple

import lazy_loader
import numpy as np

from atelier.evaluation.reliability import column_values, top_label
from atelier.evaluation.validation import checked_probs
from atelier.types import Array

scipy = lazy_loader.load("scipy")  # which a bare machine of the sweep may lack
SMALLEST = float(np.finfo(np.float64).eps)
"""Replaces a probability of exactly 0 in the likelihood, which would be infinite."""
TEMPERATURES = (0.05, 20.0)
"""Least and largest temperature of the refinement."""
PRECISION = 1e-4
"""Distance of the logarithm of the temperature from its best value; its square is the score's."""


class CalibrationRefinement(NamedTuple):
    """The two parts of a score, which sum to it."""

    calibration: float
    """By how much the best temperature decreases the score, ≥ 0."""
    refinement: float
    """The score at the best temperature, ≥ 0."""


class ScoreDecomposition(NamedTuple):
    """The three parts of a score of a binary event: miscalibration − discrimination + uncertainty.

    Each is ≥ 0.
    """

    miscalibration: float
    """By how much isotonic regression decreases the score."""
    discrimination: float
    """By how much the recalibrated score is less than that of the event's frequency."""
    uncertainty: float
    """The score of the event's frequency."""


def decompose_score(probs: Array, labels: Array, *, score: str = "log") -> ScoreDecomposition:
    """Divides the mean score of a binary event by isotonic regression (CORP).

    With S the mean score, p the forecasts, q their isotonic regression on the outcomes and r the
    frequency of the event, S(p) = [S(p) − S(q)] − [S(r) − S(q)] + S(r): miscalibration,
    discrimination and uncertainty (Dimitriadis, Gneiting & Jordan 2021, eq. 5). The isotonic
    regression has the least mean of every proper score among increasing functions of p, of which
    the identity and the constant r are two, so no part is negative.

    Args:
        probs: Class probabilities, (n, classes), of which the event is that the most probable class
            is right, or (n,) of outcome 1.
        labels: True classes, (n,), integers in [0, classes); outcomes 0 and 1 for (n,) probs.
        score: ``log``, in nats, or ``brier``, (p − outcome)².

    Returns:
        The three parts. A forecast of exactly 0 or 1 counts as 2⁻⁵² from it in the log score.

    Raises:
        ValueError: If ``probs`` are no probabilities, ``labels`` no classes of theirs, or the score
            is another one.

    Examples:
        >>> import numpy as np
        >>> probs, outcomes = np.array([0.25, 0.25, 0.75, 0.75]), np.array([0, 0, 1, 1])
        >>> [float(part) for part in decompose_score(probs, outcomes, score="brier")]
        [0.0625, 0.25, 0.25]
    """
    forecast, outcome = top_label(probs, labels)
    recalibrated = _isotonic(forecast, outcome)
    frequency = np.full(len(outcome), outcome.mean())
    event_score = _event_score(score)
    given, best, constant = (
        event_score(values, outcome) for values in (forecast, recalibrated, frequency)
    )
    return ScoreDecomposition(max(given - best, 0.0), max(constant - best, 0.0), constant)


def _event_score(name: str) -> Callable[[Array, Array], float]:
    scores = {"log": _log_score, "brier": _squared_error}
    if name not in scores:
        raise ValueError(f"Expected a score of {', '.join(scores)}. Received: {name!r}")
    return scores[name]


def _log_score(forecast: Array, outcome: Array) -> float:
    likelihood = np.where(outcome == 1, forecast, 1 - forecast)
    return float(-np.log(np.maximum(likelihood, SMALLEST)).mean())


def _squared_error(forecast: Array, outcome: Array) -> float:
    return float(np.square(forecast - outcome).mean())


def _isotonic(forecast: Array, outcome: Array) -> Array:
    """Returns the increasing function of the forecast that is nearest to the outcomes, (n,)."""
    values, inverse, count = np.unique(forecast, return_inverse=True, return_counts=True)
    means = np.bincount(inverse, outcome, len(values)) / count
    fitted = scipy.optimize.isotonic_regression(means, weights=count).x
    return np.asarray(fitted[inverse])


def refine_score(probs: Array, labels: Array, *, score: str = "log") -> CalibrationRefinement:
    """Divides the mean score of all classes by a temperature (Berta et al. 2025, § 3).

    The refinement error is min over T of S(softmax(log p / T)), the calibration error the rest of
    S(p). T is fitted to the same rows; its one parameter makes the refinement error about 1 / (2n)
    nats too small.

    Args:
        probs: Class probabilities, (n, classes), each row summing to 1.
        labels: True classes, (n,), integers in [0, classes).
        score: ``log``, in nats, or ``brier``, the sum over the classes of (p − outcome)².

    Returns:
        Both parts. A probability of 0 counts as 2⁻⁵².

    Raises:
        ValueError: If ``probs`` are no probabilities, ``labels`` no classes of theirs, or the score
            is another one.

    Examples:
        >>> import numpy as np
        >>> probs = np.array([[0.9, 0.1]] * 4)  # right in three of four
        >>> parts = refine_score(probs, np.array([0, 0, 0, 1]))
        >>> round(parts.calibration, 4), round(parts.refinement, 4)
        (0.0923, 0.5623)
    """
    if np.ndim(probs) != 2:
        raise ValueError(f"Expected probs (n, ≥ 2). Received: {np.shape(probs)}")
    scores = {"log": _softmax_log_score, "brier": _softmax_brier_score}
    if score not in scores:
        raise ValueError(f"Expected a score of {', '.join(scores)}. Received: {score!r}")
    probs, labels = checked_probs(probs, labels)
    positive = np.where(probs > 0, probs, SMALLEST).astype(np.float64, copy=False)
    logits = np.log(positive)
    logits -= logits.max(axis=1, keepdims=True)

    def tempered(log_temperature: float) -> float:
        return scores[score](logits / np.exp(log_temperature), labels)

    given = tempered(0.0)
    best = scipy.optimize.minimize_scalar(
        tempered, bounds=np.log(TEMPERATURES), method="bounded", options={"xatol": PRECISION}
    ).fun
    refinement = min(given, float(best))
    return CalibrationRefinement(given - refinement, refinement)


def _softmax_log_score(logits: Array, labels: Array) -> float:
    """Returns the log score of softmax(logits), whose largest logit in each row is 0."""
    return float((np.log(np.exp(logits).sum(axis=1)) - column_values(logits, labels)).mean())


def _softmax_brier_score(logits: Array, labels: Array) -> float:
    """Returns the Brier score of softmax(logits), whose largest logit in each row is 0."""
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    true = column_values(probs, labels)
    return float((np.einsum("ij,ij->i", probs, probs) - 2 * true + 1).mean())
