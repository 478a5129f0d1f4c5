"""Matched and unmatched cells of many images, pooled and averaged, by the overlap of a match."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from atelier.cells.comparison import RESAMPLES, LabelMaps
from atelier.cells.samples import Sample
from atelier.cells.scores import (
    OVERLAPS,
    ObjectScores,
    matching_measures,
    object_scores_by_overlap,
)
from atelier.evaluation.intervals import SHARE, basic_interval, drawn_rows
from atelier.types import Array, Metrics

COUNTS = list(ObjectScores._fields)


def match_segmentations(
    samples: Mapping[str, Sample], predictions: Mapping[str, LabelMaps]
) -> pd.DataFrame:
    """Counts the matched and unmatched cells of every method in every image, by overlap.

    Args:
        samples: Images with their truth, by name.
        predictions: Each method's instance labels of those images, by the method's key.

    Returns:
        A row for each method, image and overlap (0.5, 0.55 … 0.95): ``method, image, overlap,
        true_positives, false_negatives, false_positives, iou_sum``.

    Raises:
        ValueError: Labels are no integers, negative or masked, or differ in shape from the truth.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample, match_segmentations
        >>> samples = {"a": Sample(np.zeros((1, 3)), np.array([[1, 1, 2]]))}
        >>> matches = match_segmentations(samples, {"all": {"a": np.array([[1, 1, 1]])}})
        >>> matches[["true_positives", "false_negatives", "false_positives"]].values[0].tolist()
        [1, 1, 0]
    """
    rows = [
        (method, name, overlap, *scores)
        for method, labels in predictions.items()
        for name, sample in samples.items()
        for overlap, scores in zip(
            OVERLAPS, object_scores_by_overlap(sample.labels, labels[name]), strict=True
        )
    ]
    return pd.DataFrame(rows, columns=["method", "image", "overlap", *COUNTS])


def summarize_matches(matches: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Scores the cells of all images together, and averages the scores of single images.

    ``pooled`` sums the counts of all images before it divides, so that each cell weighs the same,
    as StarDist's ``matching_dataset`` does; ``pictures`` is the mean of the images' scores. Both
    intervals resample whole images (basic bootstrap, 95 %).

    Args:
        matches: As :func:`match_segmentations` returns it.
        seed: Decides the resamples.

    Returns:
        A row for each method, overlap, averaging and measure of
        :func:`atelier.cells.scores.matching_measures`: ``method, overlap, averaging, measure,
        value, low, high, pictures, cells``; the last two are the numbers of images and true cells.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample, match_segmentations, summarize_matches
        >>> samples = {"a": Sample(np.zeros((1, 3)), np.array([[1, 1, 2]]))}
        >>> matches = match_segmentations(samples, {"all": {"a": np.array([[1, 1, 1]])}})
        >>> table = summarize_matches(matches, seed=0)
        >>> row = table[table["measure"] == "average_precision"].iloc[0]
        >>> float(row["value"]), int(row["cells"])
        (0.5, 2)
    """
    rows = []
    weights = _resample_weights(matches["image"].nunique(), seed)
    for (method, overlap), group in matches.groupby(["method", "overlap"], sort=False):
        counts = group[COUNTS].to_numpy(float)
        cells = int(group[["true_positives", "false_negatives"]].to_numpy().sum())
        single = matching_measures(counts)
        pooled, drawn = matching_measures(counts.sum(axis=0)), matching_measures(weights @ counts)
        for measure, values in single.items():
            estimates = {
                "pooled": (pooled[measure], drawn[measure]),
                "pictures": (values.mean(), weights @ values / len(values)),
            }
            for averaging, (value, resampled) in estimates.items():
                low, high = basic_interval(float(value), resampled, bounds=SHARE)
                key = (method, overlap, averaging, measure)
                rows.append((*key, float(value), low, high, len(counts), cells))
    columns = ["method", "overlap", "averaging", "measure"]
    return pd.DataFrame(rows, columns=[*columns, "value", "low", "high", "pictures", "cells"])


def _resample_weights(images: int, seed: int) -> Array:
    """Returns how often each resample has each image, (resamples, images)."""
    rows = drawn_rows(images, seed=seed, resamples=RESAMPLES)
    return np.array([np.bincount(row, minlength=images) for row in rows], float)


def matching_metrics(summary: pd.DataFrame) -> dict[str, Metrics]:
    """Returns each method's scores at an IoU of 0.5 with their intervals, by the method's key.

    Args:
        summary: As :func:`summarize_matches` returns it.

    Returns:
        For each method ``pooled_<measure>`` and ``pictures_<measure>``, each with ``_low`` and
        ``_high``, ``pictures`` and ``true_cells`` (n).

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import (
        ...     Sample, match_segmentations, matching_metrics, summarize_matches,
        ... )
        >>> samples = {"a": Sample(np.zeros((1, 3)), np.array([[1, 1, 2]]))}
        >>> matches = match_segmentations(samples, {"all": {"a": np.array([[1, 1, 1]])}})
        >>> matching_metrics(summarize_matches(matches, seed=0))["all"]["pooled_precision"]
        1.0
    """
    metrics: dict[str, Metrics] = {}
    for row in summary[summary["overlap"] == OVERLAPS[0]].to_dict("records"):
        name = f"{row['averaging']}_{row['measure']}"
        values = {name: row["value"], f"{name}_low": row["low"], f"{name}_high": row["high"]}
        n = {"pictures": float(row["pictures"]), "true_cells": float(row["cells"])}
        metrics[row["method"]] = metrics.get(row["method"], {}) | values | n
    return metrics
