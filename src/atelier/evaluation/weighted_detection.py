"""Detection metrics of many weightings of the same samples, such as bootstrap resamples."""

import numpy as np

from atelier.evaluation.detection import PERCENT, checked_scores
from atelier.types import Array

BLOCK_WEIGHTINGS = 64
"""Weightings that are evaluated at once: with 12,000 samples each of their arrays has 6 MB."""


def bootstrap_weights(count: int, resamples: int, rng: np.random.Generator) -> Array:
    """Returns how often each sample is drawn in each resample, (resamples, count) integers.

    Args:
        count: Number of samples, ≥ 1.
        resamples: Number of resamples.
        rng: Source of the random numbers.

    Returns:
        Counts; each row sums to ``count``.

    Examples:
        >>> import numpy as np
        >>> bootstrap_weights(5, 2, np.random.default_rng(0)).sum(axis=1).tolist()
        [5, 5]
    """
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples)


def weighted_detection_metrics(
    in_distribution: Array,
    out_of_distribution: Array,
    in_weights: Array,
    out_weights: Array,
) -> Array:
    """Returns AUROC, AUPR and FPR95 of each weighting, as `detection_metrics` defines them.

    The scores are sorted once. Weightings that several scores share make their metrics paired.

    Args:
        in_distribution: Confidences of in-distribution samples, (n,).
        out_of_distribution: Confidences of out-of-distribution samples, (m,).
        in_weights: How often each of the n counts, (weightings, n) integers ≥ 0, no row all 0.
        out_weights: Likewise of the m, (weightings, m).

    Returns:
        (weightings, 3): AUROC, AUPR and FPR95.

    Raises:
        ValueError: If one group is empty, or has masked, NaN or infinite values (counted).

    Examples:
        >>> import numpy as np
        >>> inside, outside = np.array([0.25, 0.75, 1.0, 1.0]), np.array([0.0, 0.5])
        >>> weights = np.ones((1, 4), int), np.ones((1, 2), int)
        >>> weighted_detection_metrics(inside, outside, *weights).round(3).tolist()
        [[0.875, 0.833, 0.5]]
    """
    groups = (
        checked_scores("in-distribution scores", in_distribution),
        checked_scores("out-of-distribution scores", out_of_distribution),
    )
    levels = np.unique(np.concatenate(groups))
    places = [np.searchsorted(levels, group) for group in groups]
    blocks = range(0, len(in_weights), BLOCK_WEIGHTINGS)
    return np.concatenate(
        [
            _metrics_by_row(
                *(
                    _counts_by_level(weights[start : start + BLOCK_WEIGHTINGS], place, len(levels))
                    for weights, place in zip((in_weights, out_weights), places, strict=True)
                )
            )
            for start in blocks
        ]
    )


def _counts_by_level(weights: Array, places: Array, levels: int) -> Array:
    """Returns the weight at each level, (weightings, levels), lowest level first."""
    counts = np.zeros((len(weights), levels))
    order = np.argsort(places, kind="stable")
    occupied, starts = np.unique(places[order], return_index=True)
    counts[:, occupied] = np.add.reduceat(weights[:, order], starts, axis=1)
    return counts


def _metrics_by_row(inside: Array, outside: Array) -> Array:
    """Returns the metrics of counts by level, each (weightings, levels)."""
    n, m = inside.sum(axis=1, keepdims=True), outside.sum(axis=1, keepdims=True)
    false_alarms, detected = np.cumsum(inside, axis=1), np.cumsum(outside, axis=1)
    precision = detected / np.maximum(false_alarms + detected, 1)
    passing = 100 * (false_alarms - inside) <= (100 - PERCENT) * n
    highest = passing.shape[1] - 1 - passing[:, ::-1].argmax(axis=1)[:, None]
    below = np.take_along_axis(detected - outside, highest, axis=1)
    return np.concatenate(
        [
            (outside * (n - false_alarms + inside / 2)).sum(axis=1, keepdims=True) / (n * m),
            (precision * outside).sum(axis=1, keepdims=True) / m,
            1 - below / m,
        ],
        axis=1,
    )
