"""Confidence intervals of proportions and of any measure."""

from collections.abc import Callable, Iterator, Mapping

import lazy_loader
import numpy as np

from atelier.types import Array

scipy = lazy_loader.load("scipy")  # which a bare machine of the sweep may lack
RESAMPLES = 1000
UNBOUNDED = (-float("inf"), float("inf"))
SHARE = (0.0, 1.0)
"""Bounds of a proportion, an overlap, an F1, a calibration error."""
SHARE_GAIN = (-1.0, 1.0)
"""Bounds of the difference of two such measures."""
ROUNDING = 1e-9
"""How far beyond its bounds a measure may lie by rounding errors."""
NOT_NEGATIVE = (0.0, float("inf"))


def wilson_interval(successes: int, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Returns the lower and upper limit of a proportion (Wilson 1927).

    Args:
        successes: Number of successes, 0 … ``trials``.
        trials: Number of trials, ≥ 1.
        level: Confidence level, in (0, 1).

    Returns:
        Two limits in [0, 1].

    Raises:
        ValueError: If there are more successes than trials, no trials, or a level outside (0, 1).

    Examples:
        >>> low, high = wilson_interval(9, 10)
        >>> round(low, 3), round(high, 3)
        (0.596, 0.982)
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(
            "Expected 0 to trials successes, and at least one trial. "
            f"Received: {successes} of {trials}"
        )
    interval = scipy.stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def with_interval(name: str, successes: int, trials: int) -> dict[str, float]:
    """Returns a proportion with its 95 % Wilson interval, as columns of a table.

    Args:
        name: Name of the proportion.
        successes: Number of successes, 0 … ``trials``.
        trials: Number of trials, ≥ 1.

    Returns:
        ``name``, ``name_low`` and ``name_high``, each in [0, 1].

    Examples:
        >>> {name: round(value, 3) for name, value in with_interval("accuracy", 9, 10).items()}
        {'accuracy': 0.9, 'accuracy_low': 0.596, 'accuracy_high': 0.982}
    """
    low, high = wilson_interval(successes, trials)
    return {name: successes / trials, f"{name}_low": low, f"{name}_high": high}


def interval_text(metrics: Mapping[str, float], name: str) -> str:
    """Returns a measure with its interval and the sample size, as a tag or a description has it.

    Args:
        metrics: ``name``, ``name_low``, ``name_high`` and ``n``.
        name: Name of the measure.

    Examples:
        >>> interval_text(with_interval("accuracy", 9, 10) | {"n": 10}, "accuracy")
        '0.9000 (95 % interval 0.5958 to 0.9821, n = 10)'
    """
    value, low, high = (metrics[f"{name}{end}"] for end in ("", "_low", "_high"))
    return f"{value:.4f} (95 % interval {low:.4f} to {high:.4f}, n = {metrics['n']:.0f})"


def bootstrap_interval(
    measure: Callable[..., float],
    *arrays: Array,
    seed: int,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    bounds: tuple[float, float] = UNBOUNDED,
) -> tuple[float, float]:
    """Returns the lower and upper limit of ``measure(*arrays)`` by the basic bootstrap.

    It is that of Davison & Hinkley 1997, eq. 5.6. Rows are drawn with replacement, the same rows
    of every array: a measure of a difference, ``lambda before, after, labels: …``, therefore gives
    a paired interval. The basic form,
    2·estimate − quantile, removes the bias that resampling adds to measures such as the
    calibration error; where it would exclude the estimate itself, the interval is widened to it.
    The basic form can exceed the values that a measure can have: ``bounds`` cut it there.

    Args:
        measure: A function of the arrays.
        arrays: At least one, all of length n.
        seed: Seed of the resamples: measures of the same n and seed see the same rows.
        level: Confidence level, in (0, 1).
        resamples: Number of resamples, ≥ 1.
        bounds: Least and largest value that the measure can have.

    Returns:
        The lower and the upper limit.

    Raises:
        ValueError: If there are no arrays, lengths are unequal or 0, the level is outside (0, 1),
            or a measure is outside its bounds.

    Examples:
        >>> import numpy as np
        >>> errors = np.array([0, 1, 0, 0, 1, 0, 0, 0, 1, 0])
        >>> low, high = bootstrap_interval(np.mean, errors, seed=0, bounds=(0, 1))
        >>> round(float(low), 2), round(float(high), 2)
        (0.0, 0.6)
    """
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"Expected arrays of one length > 0. Received: lengths {sorted(lengths)}")
    if not 0 < level < 1:
        raise ValueError(f"Expected a level in (0, 1). Received: {level}")
    if resamples < 1:
        raise ValueError(f"Expected resamples ≥ 1. Received: {resamples}")
    (n,) = lengths
    estimate = float(measure(*arrays))
    drawn = np.array(
        [
            measure(*(array[rows] for array in arrays))
            for rows in drawn_rows(n, seed=seed, resamples=resamples)
        ]
    )
    return basic_interval(estimate, drawn, level=level, bounds=bounds)


def drawn_rows(n: int, *, seed: int, resamples: int) -> Iterator[Array]:
    """Yields the rows of each resample, the same for the same seed.

    Args:
        n: Number of rows.
        seed: Seed of the resamples.
        resamples: Number of resamples.

    Yields:
        Of each resample n of the n rows with replacement, (n,).

    Examples:
        >>> [rows.shape for rows in drawn_rows(3, seed=0, resamples=2)]
        [(3,), (3,)]
    """
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        yield rng.integers(n, size=n)


def basic_interval(
    estimate: float,
    drawn: Array,
    *,
    level: float = 0.95,
    bounds: tuple[float, float] = UNBOUNDED,
) -> tuple[float, float]:
    """Returns the basic bootstrap's limits, see :func:`bootstrap_interval`, from drawn values.

    Args:
        estimate: The measure of the sample itself.
        drawn: The measure of each resample, (resamples,).
        level: Confidence level, in (0, 1).
        bounds: Least and largest value that the measure can have.

    Returns:
        The lower and the upper limit.

    Raises:
        ValueError: If the estimate is outside its bounds.

    Examples:
        >>> low, high = basic_interval(2.0, np.array([1.0, 2.0, 2.5]), level=0.5)
        >>> round(low, 3), round(high, 3)
        (1.75, 2.5)
    """
    estimate = _within(estimate, bounds)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    limits = sorted((2 * estimate - float(high), 2 * estimate - float(low)))
    least, largest = bounds
    return max(min(limits[0], estimate), least), min(max(limits[1], estimate), largest)


def with_bootstrap_interval(
    name: str,
    measure: Callable[..., float],
    *arrays: Array,
    seed: int,
    resamples: int = RESAMPLES,
    bounds: tuple[float, float] = UNBOUNDED,
) -> dict[str, float]:
    """Returns a measure with its 95 % bootstrap interval, as columns of a table.

    Args:
        name: Name of the measure.
        measure: A function of the arrays.
        arrays: At least one, all of length n.
        seed: Seed of the resamples, see :func:`bootstrap_interval`.
        resamples: Number of resamples, ≥ 1.
        bounds: Least and largest value that the measure can have.

    Returns:
        ``name``, ``name_low`` and ``name_high``.

    Examples:
        >>> import numpy as np
        >>> errors = np.array([0, 1, 0, 0, 1, 0, 0, 0, 1, 0])
        >>> columns = with_bootstrap_interval("error", np.mean, errors, seed=0, bounds=(0, 1))
        >>> {name: round(value, 2) for name, value in columns.items()}
        {'error': 0.3, 'error_low': 0.0, 'error_high': 0.6}
    """
    low, high = bootstrap_interval(measure, *arrays, seed=seed, resamples=resamples, bounds=bounds)
    return {name: float(measure(*arrays)), f"{name}_low": low, f"{name}_high": high}


def _within(estimate: float, bounds: tuple[float, float]) -> float:
    """Returns the estimate, cut to its bounds where it exceeds them by rounding errors only."""
    low, high = bounds
    if estimate < low - ROUNDING or estimate > high + ROUNDING:
        raise ValueError(f"Expected a measure in [{low:g}, {high:g}]. Received: {estimate}")
    return min(max(estimate, low), high)
