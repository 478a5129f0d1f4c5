"""How well a confidence score separates in-distribution from out-of-distribution samples."""

from typing import NamedTuple

import numpy as np

from atelier.evaluation.validation import real_numbers, require_finite
from atelier.types import Array

PERCENT = 95
"""In-distribution samples that pass, in percent: an integer, so that counts decide."""


class DetectionMetrics(NamedTuple):
    """Metrics of out-of-distribution detection, each in [0, 1]."""

    auroc: float
    """Probability that an out-of-distribution sample scores lower; ties count half."""
    aupr: float
    """Average precision with out-of-distribution as positive: 1 is perfect, their share chance."""
    fpr95: float
    """Share of out-of-distribution samples that pass where 95 % of the others do (Liang et al.
    2018).
    """


def detection_metrics(in_distribution: Array, out_of_distribution: Array) -> DetectionMetrics:
    """Returns AUROC, AUPR and FPR95 of a confidence that should be low out of distribution.

    Args:
        in_distribution: Confidences of in-distribution samples, (n,).
        out_of_distribution: Confidences of out-of-distribution samples, (m,).

    Raises:
        ValueError: If one of them is empty, or has masked, NaN or infinite values (counted).

    Examples:
        >>> import numpy as np
        >>> detection_metrics(np.array([0.25, 0.75, 1.0, 1.0]), np.array([0.0, 0.5]))
        DetectionMetrics(auroc=0.875, aupr=0.8333333333333333, fpr95=0.5)
    """
    return _metrics_of_counts(_counts_by_score(in_distribution, out_of_distribution))


def detection_intervals(
    in_distribution: Array,
    out_of_distribution: Array,
    *,
    seed: int,
    level: float = 0.95,
    resamples: int = 1000,
) -> tuple[DetectionMetrics, DetectionMetrics]:
    """Returns limits of the detection metrics by the percentile bootstrap of both groups.

    Scores are sorted once; a resample is a vector of counts over them.

    Args:
        in_distribution: Confidences of in-distribution samples, (n,).
        out_of_distribution: Confidences of out-of-distribution samples, (m,).
        seed: Seed of the resamples.
        level: Confidence level, in (0, 1).
        resamples: Number of resamples, ≥ 1.

    Returns:
        The lower and the upper limits.

    Raises:
        ValueError: If one group is empty, or has masked, NaN or infinite values (counted).

    Examples:
        >>> import numpy as np
        >>> low, high = detection_intervals(np.arange(4), np.arange(4) - 10, seed=0, resamples=10)
        >>> low.auroc, high.auroc
        (1.0, 1.0)
    """
    groups = _counts_by_score(in_distribution, out_of_distribution)
    sizes = groups.sum(axis=1)
    shares = [group / size for group, size in zip(groups, sizes, strict=True)]
    rng = np.random.default_rng(seed)
    resampled = [
        _metrics_of_counts(
            np.stack([rng.multinomial(*group) for group in zip(sizes, shares, strict=True)])
        )
        for _ in range(resamples)
    ]
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return DetectionMetrics(*map(float, low)), DetectionMetrics(*map(float, high))


def _counts_by_score(in_distribution: Array, out_of_distribution: Array) -> Array:
    """Returns the number of samples of each group at each score, (2, scores), lowest first."""
    scores = [
        checked_scores("in-distribution scores", in_distribution),
        checked_scores("out-of-distribution scores", out_of_distribution),
    ]
    levels = np.unique(np.concatenate(scores))
    return np.stack(
        [np.bincount(np.searchsorted(levels, group), minlength=len(levels)) for group in scores]
    )


def checked_scores(name: str, scores: Array) -> Array:
    """Returns scores (n,) as float64 after checking them.

    Args:
        name: What the scores are, for the message.
        scores: (n,), n > 0, finite.

    Raises:
        ValueError: If the shape is another one, or values are masked, NaN or infinite (counted).
    """
    values = real_numbers(name, scores).astype(np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"Expected {name} (n,), n > 0. Received: {values.shape}")
    require_finite(name, values)
    return values


def _metrics_of_counts(groups: Array) -> DetectionMetrics:
    inside, outside = groups
    n, m = int(inside.sum()), int(outside.sum())
    false_alarms, detected = np.cumsum(inside), np.cumsum(outside)
    precision = detected / np.maximum(false_alarms + detected, 1)
    passing = 100 * (false_alarms - inside) <= (100 - PERCENT) * n  # thresholds that 95 % reach
    highest = len(passing) - 1 - passing[::-1].argmax()
    return DetectionMetrics(
        auroc=float((outside * (n - false_alarms + inside / 2)).sum() / (n * m)),
        aupr=float((precision * outside).sum() / m),
        fpr95=float(1 - (detected - outside)[highest] / m),
    )
