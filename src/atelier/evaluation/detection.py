"""How well a score tells ordinary samples from strange ones."""

from typing import NamedTuple

import numpy as np

from atelier.evaluation.validation import require_finite, unmasked
from atelier.types import Array

PERCENT = 95
"""Share of the ordinary samples that pass, an integer so that counts decide."""


class DetectionMetrics(NamedTuple):
    """Three measures, each in [0, 1]."""

    auroc: float
    """Chance that a strange sample scores lower than an ordinary one; ties count half."""
    aupr: float
    """Average precision with the strange as positives: 1 is perfect, their share is chance."""
    fpr95: float
    """Share of the strange that pass where 95 % of the ordinary do (Liang et al. 2018)."""


def detection_metrics(ordinary: Array, strange: Array) -> DetectionMetrics:
    """The three measures of a confidence, (n,) and (m,), that should be low for the strange.

    Raises:
        ValueError: One of them is empty, or has masked, NaN or infinite values (counted).
    """
    return _metrics_of_counts(_groups(ordinary, strange))


def detection_intervals(
    ordinary: Array, strange: Array, *, seed: int, level: float = 0.95, resamples: int = 1000
) -> tuple[DetectionMetrics, DetectionMetrics]:
    """Lower and upper limits by the percentile bootstrap, both groups resampled.

    Scores are sorted once; a resample is a vector of counts over them.
    """
    groups = _groups(ordinary, strange)
    sizes = groups.sum(axis=1)
    shares = [group / size for group, size in zip(groups, sizes, strict=True)]
    rng = np.random.default_rng(seed)
    drawn = [
        _metrics_of_counts(
            np.stack([rng.multinomial(*one) for one in zip(sizes, shares, strict=True)])
        )
        for _ in range(resamples)
    ]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return DetectionMetrics(*map(float, low)), DetectionMetrics(*map(float, high))


def _groups(ordinary: Array, strange: Array) -> Array:
    """Counts of each kind at each score, (2, scores), lowest first."""
    kinds = []
    for name, scores in (("ordinary scores", ordinary), ("strange scores", strange)):
        values = unmasked(name, scores).astype(np.float64)
        if values.ndim != 1 or len(values) == 0:
            raise ValueError(f"Expected {name} (n,), n > 0. Received: {values.shape}")
        require_finite(name, values)
        kinds.append(values)
    levels = np.unique(np.concatenate(kinds))
    counts = [np.bincount(np.searchsorted(levels, one), minlength=len(levels)) for one in kinds]
    return np.stack(counts)


def _metrics_of_counts(groups: Array) -> DetectionMetrics:
    ordinary, strange = groups
    n, m = int(ordinary.sum()), int(strange.sum())
    alarmed, caught = np.cumsum(ordinary), np.cumsum(strange)
    precision = caught / np.maximum(alarmed + caught, 1)
    passing = 100 * (alarmed - ordinary) <= (100 - PERCENT) * n  # thresholds that 95 % reach
    highest = len(passing) - 1 - passing[::-1].argmax()
    return DetectionMetrics(
        auroc=float((strange * (n - alarmed + ordinary / 2)).sum() / (n * m)),
        aupr=float((precision * strange).sum() / m),
        fpr95=float(1 - (caught - strange)[highest] / m),
    )
