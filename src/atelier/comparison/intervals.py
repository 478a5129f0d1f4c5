"""Bootstrap intervals of metrics, and of their differences on the same examples."""

import math
from functools import partial
from typing import NamedTuple

import numpy as np

from atelier.comparison.pairing import ExamplePairs
from atelier.comparison.params import ComparisonParams
from atelier.evaluation.calibration_error import expected_calibration_error
from atelier.evaluation.intervals import (
    SHARE,
    SHARE_GAIN,
    UNBOUNDED,
    bootstrap_interval,
    wilson_interval,
)
from atelier.types import Array

Columns = tuple[Array, ...]
"""Values, (n,); or confidences and correctness, (n,) each."""


class Estimate(NamedTuple):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


def estimate_metric(columns: Columns, params: ComparisonParams) -> Estimate:
    """Returns a metric of one run with its 95 % interval: Wilson's of a share, else bootstrap.

    Args:
        columns: Values of the examples; or their confidences and correctness, for the ECE.
        params: Resamples and seed.

    Returns:
        The mean, or the expected calibration error, with its interval; NaN where a column has
        values that are not finite.

    Examples:
        >>> params = ComparisonParams(resamples=100, seed=0)
        >>> round(estimate_metric((np.array([True] * 9 + [False]),), params).low, 3)
        0.596
    """
    first, *more = columns
    if first.dtype == bool and not more:
        return Estimate(float(first.mean()), *wilson_interval(int(first.sum()), len(first)))
    bounds = SHARE if more else UNBOUNDED
    columns = _as_numbers(columns)
    if not all(np.isfinite(column).all() for column in columns):
        return Estimate(math.nan, math.nan, math.nan)
    low, high = bootstrap_interval(
        _measure, *columns, seed=params.seed, resamples=params.resamples, bounds=bounds
    )
    return Estimate(_measure(*columns), low, high)


def paired_intervals(pairs: ExamplePairs, params: ComparisonParams) -> Estimate:
    """Returns the difference of a metric, other run less baseline, with its 95 % paired interval.

    Examples are resampled, and both runs are evaluated on the same ones (basic bootstrap, Davison
    & Hinkley 1997, eq. 5.6).

    Args:
        pairs: The same examples in both runs.
        params: Resamples and seed.

    Returns:
        The difference with its interval.

    Examples:
        >>> baseline, other = np.array([True, False] * 20), np.array([True] * 40)
        >>> params = ComparisonParams(resamples=500, seed=0)
        >>> estimate = paired_intervals(ExamplePairs((baseline,), (other,)), params)
        >>> estimate.value, 0.3 < estimate.low < 0.5 < estimate.high < 0.7
        (0.5, True)
    """
    baseline, other = _as_numbers(pairs.baseline), _as_numbers(pairs.other)
    is_share = len(baseline) > 1 or pairs.baseline[0].dtype == bool
    bounds = SHARE_GAIN if is_share else UNBOUNDED
    bootstrap = partial(
        bootstrap_interval, seed=params.seed, resamples=params.resamples, bounds=bounds
    )
    if len(baseline) == 1:
        differences = other[0] - baseline[0]
        return Estimate(_measure(differences), *bootstrap(_measure, differences))
    return Estimate(_difference(*baseline, *other), *bootstrap(_difference, *baseline, *other))


def _as_numbers(columns: Columns) -> Columns:
    return tuple(column.astype(np.float64) for column in columns)


def _measure(values: Array, correct: Array | None = None) -> float:
    """Returns the mean of values, or the calibration error of confidences."""
    if correct is None:
        return float(values.mean())
    return expected_calibration_error(values.clip(0, 1), correct.astype(np.int64))


def _difference(
    confidence: Array, correct: Array, other_confidence: Array, other_correct: Array
) -> float:
    return _measure(other_confidence, other_correct) - _measure(confidence, correct)
