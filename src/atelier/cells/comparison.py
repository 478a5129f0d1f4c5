"""Segmentations of the same images by several methods, scored side by side."""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import Sample
from atelier.cells.scores import OVERLAPS, object_scores_by_overlap, pixel_scores, separated_pairs
from atelier.cells.warping import warping_error
from atelier.evaluation.examples import example_table
from atelier.evaluation.intervals import (
    NOT_NEGATIVE,
    SHARE,
    SHARE_GAIN,
    UNBOUNDED,
    bootstrap_interval,
)
from atelier.types import Array, Metrics

LabelMaps = Mapping[str, Array]
"""Instance labels by the image's name."""
MEASURES = (
    "f1", "f1_0.75", "f1_0.9", "mean_f1", "iou", "dice",
    "pixel_error", "rand_error", "split", "merge", "warping_error",
)  # fmt: skip
MAIN_MEASURES = ("f1", "mean_f1", "iou", "rand_error", "pixel_error", "warping_error")
RESAMPLES = 2000


class MeanInterval(NamedTuple):
    """A mean with the limits of its 95 % interval."""

    mean: float
    low: float
    high: float

    def as_metrics(self, name: str) -> Metrics:
        """Returns ``name``, ``name_low`` and ``name_high``."""
        return {name: self.mean, f"{name}_low": self.low, f"{name}_high": self.high}


def score_segmentations(
    samples: Mapping[str, Sample], predictions: Mapping[str, LabelMaps]
) -> pd.DataFrame:
    """Scores every method's labels of every image by pixel, region and cell.

    Args:
        samples: Images with their truth, by name.
        predictions: Each method's instance labels of those images, by the method's key.

    Returns:
        A row for each method and image, with the columns ``method, image, cells, pixel_error, iou,
        dice, rand_error, split, merge, warping_error``, then ``precision, recall, f1`` at an IoU of
        0.5, ``f1_0.55`` … ``f1_0.95``, their mean ``mean_f1``, ``pairs`` (true cells that touch)
        and ``apart`` (pairs that the method separates).

    Raises:
        ValueError: Labels are no integers, negative or masked, or differ in shape from the truth.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample, score_segmentations
        >>> truth = np.array([[1, 1, 2, 2]])
        >>> samples = {"a": Sample(np.zeros((1, 4)), truth)}
        >>> table = score_segmentations(samples, {"joined": {"a": np.ones((1, 4), int)}})
        >>> table[["method", "iou", "f1", "pairs", "apart"]].to_dict("records")
        [{'method': 'joined', 'iou': 1.0, 'f1': 0.0, 'pairs': 1.0, 'apart': 0.0}]
    """
    rows = [
        {"method": method, "image": name} | _scores(sample, np.asarray(labels[name]))
        for method, labels in predictions.items()
        for name, sample in samples.items()
    ]
    return pd.DataFrame(rows)


def _scores(sample: Sample, labels: Array) -> Metrics:
    truth, cells = number_cells(sample.labels)
    objects = object_scores_by_overlap(truth, labels)
    apart, pairs = separated_pairs(truth, labels)
    strict = {
        f"f1_{overlap}": score.f1 for overlap, score in zip(OVERLAPS[1:], objects[1:], strict=True)
    }
    return {
        "cells": float(len(cells)),
        **pixel_scores(truth, labels),
        "warping_error": warping_error(truth, labels),
        "precision": objects[0].precision,
        "recall": objects[0].recall,
        "f1": objects[0].f1,
        **strict,
        "mean_f1": float(np.mean([score.f1 for score in objects])),
        "pairs": float(pairs),
        "apart": float(apart),
    }


def summarize_scores(table: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Averages each measure of each method over the images, with its 95 % bootstrap interval.

    Args:
        table: As :func:`score_segmentations` returns it.
        seed: Decides the resamples.

    Returns:
        A row for each method and measure: ``method, measure, mean, low, high, n``; n counts images.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample, score_segmentations, summarize_scores
        >>> samples = {"a": Sample(np.zeros((1, 3)), np.array([[1, 1, 0]]))}
        >>> table = score_segmentations(samples, {"all": {"a": np.array([[1, 1, 1]])}})
        >>> summarize_scores(table, seed=0).iloc[0].to_dict()
        {'method': 'all', 'measure': 'f1', 'mean': 1.0, 'low': 1.0, 'high': 1.0, 'n': 1}
    """
    rows = []
    for method, scores in table.groupby("method", sort=False):
        for measure in MEASURES:
            values = scores[measure].to_numpy()
            low, high = interval_of_mean(values, seed=seed, bounds=_bounds(measure))
            rows.append((method, measure, float(values.mean()), low, high, len(values)))
    return pd.DataFrame(rows, columns=["method", "measure", "mean", "low", "high", "n"])


def _bounds(measure: str) -> tuple[float, float]:
    """Returns the least and largest value of a measure: entropies have no upper bound."""
    return NOT_NEGATIVE if measure in ("split", "merge") else SHARE


def interval_of_mean(
    values: Array, *, seed: int, bounds: tuple[float, float] = UNBOUNDED
) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of a mean; of a single value, the value twice.

    Args:
        values: (n,), n from 1.
        seed: Decides the resamples.
        bounds: Least and largest value that the mean can have.

    Returns:
        Lower and upper limit.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells.comparison import interval_of_mean
        >>> interval_of_mean(np.array([0.5]), seed=0)
        (0.5, 0.5)
    """
    if len(values) < 2:
        return float(values.mean()), float(values.mean())
    return bootstrap_interval(
        lambda sample: float(sample.mean()), values, resamples=RESAMPLES, seed=seed, bounds=bounds
    )


def paired_gain(
    table: pd.DataFrame, method: str, baseline: str, measure: str, *, seed: int
) -> MeanInterval:
    """Returns the mean gain of a method over a baseline on the same images, with its interval.

    Args:
        table: As :func:`score_segmentations` returns it.
        method: Key of the method.
        baseline: Key of the method that it is compared with.
        measure: A column of the table, such as ``"f1"``.
        seed: Decides the resamples of image pairs.

    Returns:
        Mean difference and the limits of its 95 % bootstrap interval.

    Examples:
        >>> import pandas as pd
        >>> from atelier.cells import paired_gain
        >>> scores = {"method": ["a", "b"], "image": ["0", "0"], "f1": [0.75, 0.5]}
        >>> paired_gain(pd.DataFrame(scores), "a", "b", "f1", seed=0)
        MeanInterval(mean=0.25, low=0.25, high=0.25)
    """
    values = table.pivot_table(index="image", columns="method", values=measure)
    gain = (values[method] - values[baseline]).to_numpy()
    _, largest = _bounds(measure)
    bounds = SHARE_GAIN if largest <= 1 else (-largest, largest)
    return MeanInterval(float(gain.mean()), *interval_of_mean(gain, seed=seed, bounds=bounds))


def method_metrics(table: pd.DataFrame, *, seed: int) -> dict[str, Metrics]:
    """Returns each method's main scores with their 95 % intervals, by the method's key.

    Args:
        table: As :func:`score_segmentations` returns it.
        seed: Decides the resamples.

    Returns:
        For each method ``pictures`` (n), the means of :data:`MAIN_MEASURES` with ``_low`` and
        ``_high``, and the sums ``touching_pairs`` and ``pairs_apart``.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample, method_metrics, score_segmentations
        >>> samples = {"a": Sample(np.zeros((1, 3)), np.array([[1, 1, 0]]))}
        >>> table = score_segmentations(samples, {"all": {"a": np.array([[1, 1, 1]])}})
        >>> round(method_metrics(table, seed=0)["all"]["iou"], 3)
        0.667
    """
    summary = summarize_scores(table, seed=seed)
    return {
        str(method): _main_metrics(scores, summary[summary["method"] == method])
        for method, scores in table.groupby("method", sort=False)
    }


def _main_metrics(scores: pd.DataFrame, summary: pd.DataFrame) -> Metrics:
    by_measure = {row["measure"]: row for row in summary.to_dict("records")}
    metrics = {"pictures": float(len(scores))}
    for measure in MAIN_MEASURES:
        row = by_measure[measure]
        metrics |= MeanInterval(row["mean"], row["low"], row["high"]).as_metrics(measure)
    metrics["touching_pairs"] = float(scores["pairs"].sum())
    metrics["pairs_apart"] = float(scores["apart"].sum())
    return metrics


def score_examples(table: pd.DataFrame, *, split: str) -> pd.DataFrame:
    """Returns the main scores of each image, from which runs are compared image by image.

    Args:
        table: As :func:`score_segmentations` returns it.
        split: The digest of the images and their truth.

    Returns:
        A row for each image: ``split``, and :data:`MAIN_MEASURES`, with the method before each
        name where there are several methods.

    Examples:
        >>> import pandas as pd
        >>> from atelier.cells import score_examples
        >>> scores = {"method": ["a", "b"], "image": "0", **dict.fromkeys(MAIN_MEASURES, 0.5)}
        >>> list(score_examples(pd.DataFrame(scores), split="5f2c"))[:3]
        ['split', 'a_f1', 'a_mean_f1']
    """
    methods = table["method"].unique()
    columns = {
        measure if len(methods) == 1 else f"{method}_{measure}": scores[measure].to_numpy()
        for method, scores in table.groupby("method", sort=False)
        for measure in MAIN_MEASURES
    }
    return example_table(split, **columns)


def pictures_by_score(
    table: pd.DataFrame, samples: Mapping[str, Sample], *, count: int
) -> dict[str, Sample]:
    """Selects images from the worst to the best mean F1, evenly spread over that order.

    Args:
        table: As :func:`score_segmentations` returns it.
        samples: The scored images, by name.
        count: How many to select; at most all.

    Returns:
        The selected samples by name, worst first.

    Examples:
        >>> import pandas as pd
        >>> from atelier.cells import pictures_by_score
        >>> table = pd.DataFrame({"image": ["a", "b", "c"], "f1": [0.9, 0.2, 0.5]})
        >>> list(pictures_by_score(table, dict.fromkeys("abc"), count=2))
        ['b', 'a']
    """
    order = table.groupby("image")["f1"].mean().sort_values(kind="stable").index
    count = min(count, len(order))
    last, steps = len(order) - 1, max(count - 1, 1)
    positions = [round(Fraction(step * last, steps)) for step in range(count)]
    return {str(order[position]): samples[str(order[position])] for position in positions}
