"""How well each score detects each set of images, with intervals over images and over seeds."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from atelier.evaluation.detection import DetectionMetrics
from atelier.evaluation.weighted_detection import bootstrap_weights, weighted_detection_metrics
from atelier.out_of_distribution.image_scores import ImageScores
from atelier.out_of_distribution.images import GROUPS
from atelier.types import Array, Metrics

MEAN = "mean"
"""Stands for the mean over the sets of a group, in the column ``set``."""
LEVEL = 0.95
"""Of all intervals."""


class DetectionMeasures(NamedTuple):
    """Metrics of detection of each set and of each group's mean, by each network and score."""

    sets: list[tuple[str, str, int]]
    """Group, set and number of images."""
    points: Array
    """(sets, networks, scores, 3): AUROC, AUPR and FPR95."""
    resampled: Array
    """The same of every resample of the images, (resamples, sets, networks, scores, 3)."""


def detection_measures(scores: ImageScores, *, seed: int, resamples: int) -> DetectionMeasures:
    """Returns metrics of detection, and those of resampled images.

    A resample draws test images and images of each set; all networks and scores share it, so that
    their differences are paired.

    Args:
        scores: Of test images and of every set.
        seed: Seed of the resamples.
        resamples: Their number, ≥ 1.

    Returns:
        AUROC, AUPR and FPR95 of each set, network and score, on all images and on resamples.
    """
    rng = np.random.default_rng(seed)
    inside = _with_all_images(bootstrap_weights(scores.test.shape[2], resamples, rng))
    measures = {}
    for name, values in scores.sets.items():
        outside = _with_all_images(bootstrap_weights(values.shape[2], resamples, rng))
        measures[name] = np.stack(
            [
                [
                    weighted_detection_metrics(*pair, inside, outside)
                    for pair in zip(own, other, strict=True)
                ]
                for own, other in zip(scores.test, values, strict=True)
            ]
        )  # (networks, scores, 1 + resamples, 3)
    sets, arrays = zip(*_with_means(scores, measures), strict=True)
    stacked = np.moveaxis(np.stack(arrays), 3, 0)
    return DetectionMeasures(list(sets), stacked[0], stacked[1:])


def _with_all_images(weights: Array) -> Array:
    """Returns weights with a first row in which each image counts once."""
    return np.concatenate([np.ones_like(weights[:1]), weights])


def _with_means(
    scores: ImageScores, measures: dict[str, Array]
) -> Iterator[tuple[tuple[str, str, int], Array]]:
    """Yields the measures of each set, and after each group those of its mean."""
    for group in GROUPS:
        members = [name for name, of in scores.groups.items() if of == group]
        for name in members:
            yield (group, name, scores.sets[name].shape[2]), measures[name]
        if members:
            total = sum(scores.sets[name].shape[2] for name in members)
            yield (group, MEAN, total), np.mean([measures[name] for name in members], axis=0)


def network_table(scores: ImageScores, measures: DetectionMeasures) -> pd.DataFrame:
    """Returns the metrics of every network with intervals over images.

    Args:
        scores: Of test images and of every set.
        measures: From :func:`detection_measures`.

    Returns:
        A row for each network, set and score: ``seed, accuracy, group, set, score, n`` and each
        metric with the limits of its 95 % percentile bootstrap interval (``auroc_low`` …). The set
        ``mean`` stands for the mean over the sets of a group.
    """
    tails = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    low, high = np.quantile(measures.resampled, tails, axis=0)
    rows = []
    for network, (seed, accuracy) in enumerate(zip(scores.seeds, scores.accuracy, strict=True)):
        for index, (group, name, n) in enumerate(measures.sets):
            for place, score in enumerate(scores.names):
                cell = index, network, place
                row = {"seed": int(seed), "accuracy": float(accuracy), "group": group, "set": name}
                row |= {"score": score, "n": n}
                rows.append(row | _limits(measures.points[cell], low=low[cell], high=high[cell]))
    return pd.DataFrame(rows)


def _limits(points: Array, **limits: Array) -> dict[str, float]:
    """Returns the metrics of one cell by name, with their limits as ``<metric>_<limit>``."""
    row: dict[str, float] = {}
    for index, metric in enumerate(DetectionMetrics._fields):
        row[metric] = float(points[index])
        row |= {f"{metric}_{name}": float(values[index]) for name, values in limits.items()}
    return row


def seed_table(scores: ImageScores, measures: DetectionMeasures) -> pd.DataFrame:
    """Returns the mean metrics over networks, with intervals over seeds and over images.

    Args:
        scores: Of test images and of every set.
        measures: From :func:`detection_measures`.

    Returns:
        A row for each set and score: ``group, set, score, n, seeds`` and for each metric its mean
        over the networks, ``_low`` and ``_high``, Student's 95 % interval over seeds (cut off at 0
        and 1; NaN with one seed), ``_least`` and ``_most`` of a network, and ``_images_low`` and
        ``_images_high``, the bootstrap interval of the mean over images.
    """
    means, (low, high) = seed_intervals(measures.points)
    tails = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    images_low, images_high = np.quantile(measures.resampled.mean(axis=2), tails, axis=0)
    least, most = measures.points.min(axis=1), measures.points.max(axis=1)
    rows = []
    for index, (group, name, n) in enumerate(measures.sets):
        for place, score in enumerate(scores.names):
            cell = index, place
            limits = _limits(
                means[cell],
                low=low[cell],
                high=high[cell],
                least=least[cell],
                most=most[cell],
                images_low=images_low[cell],
                images_high=images_high[cell],
            )
            row: dict[str, Any] = {"group": group, "set": name, "score": score, "n": n}
            rows.append(row | {"seeds": len(scores.seeds)} | limits)
    return pd.DataFrame(rows)


def seed_intervals(points: Array) -> tuple[Array, tuple[Array, Array]]:
    """Returns means over networks and the limits of Student's 95 % interval.

    Args:
        points: Shares, (sets, networks, …).

    Returns:
        Means, (sets, …), and lower and upper limits in [0, 1]; NaN with one network.

    Examples:
        >>> import numpy as np
        >>> means, (low, high) = seed_intervals(np.array([[0.5, 0.6, 0.7]]))
        >>> low.round(3).tolist(), high.round(3).tolist()  # 0.6 ± 4.303 · 0.1 / √3
        ([0.352], [0.848])
    """
    means, networks = points.mean(axis=1), points.shape[1]
    if networks == 1:
        return means, (np.full_like(means, np.nan), np.full_like(means, np.nan))
    quantile = stats.t.ppf((1 + LEVEL) / 2, networks - 1)
    reach = quantile * points.std(axis=1, ddof=1) / np.sqrt(networks)
    return means, (np.clip(means - reach, 0, 1), np.clip(means + reach, 0, 1))


def detection_summary(table: pd.DataFrame, scores: ImageScores) -> Metrics:
    """Returns the mean AUROC of each group by each score, as ``<group>_auroc_<score>``.

    Args:
        table: From :func:`seed_table`.
        scores: Of the same networks.

    Returns:
        These, the mean ``accuracy`` and ``networks``, their number.
    """
    rows = table[table["set"] == MEAN]
    cells = zip(rows["group"], rows["score"], rows["auroc"], strict=True)
    metrics = {f"{group}_auroc_{score}": float(auroc) for group, score, auroc in cells}
    return metrics | {
        "accuracy": float(scores.accuracy.mean()),
        "networks": float(len(scores.seeds)),
    }
