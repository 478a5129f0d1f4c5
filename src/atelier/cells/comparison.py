"""Several segmentations of the same pictures, scored side by side."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pandas as pd

from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import Sample
from atelier.cells.scores import OVERLAPS, object_scores_by_overlap, pixel_scores, separated_pairs
from atelier.cells.warping import warping_error
from atelier.evaluation.intervals import (
    NOT_NEGATIVE,
    SHARE,
    SHARE_GAIN,
    UNBOUNDED,
    bootstrap_interval,
)
from atelier.types import Array

LabelMaps = Mapping[str, Array]
"""Instance labels by the picture's name."""


def score_segmentations(
    samples: Mapping[str, Sample], found: Mapping[str, LabelMaps]
) -> pd.DataFrame:
    """A row for each method and picture: scores by pixel, region and cell.

    Columns: ``method, image, cells, pixel_error, iou, dice, rand_error, split, merge,
    warping_error``, then ``precision, recall`` and ``f1`` at IoU .5, ``f1_0.55`` … ``f1_0.95``,
    ``mean_f1`` over all ten, ``pairs`` of touching cells and how many of them came ``apart``.

    Args:
        samples: Pictures with their truth.
        found: Method to the labels that it gives each picture.
    """
    rows = [
        {"method": method, "image": name} | _scores(sample, np.asarray(labels[name]))
        for method, labels in found.items()
        for name, sample in samples.items()
    ]
    return pd.DataFrame(rows)


def _scores(sample: Sample, labels: Array) -> dict[str, float]:
    truth, cells = number_cells(sample.labels)
    objects = object_scores_by_overlap(truth, labels)
    apart, pairs = separated_pairs(truth, labels)
    strict = {f"f1_{at}": score.f1 for at, score in zip(OVERLAPS[1:], objects[1:], strict=True)}
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


MEASURES = (
    "f1", "f1_0.75", "f1_0.9", "mean_f1", "iou", "dice",
    "pixel_error", "rand_error", "split", "merge", "warping_error",
)  # fmt: skip


def summarize_scores(table: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Mean over pictures of each measure and method, with its 95 % bootstrap interval.

    Columns: ``method, measure, mean, low, high, n``; n is pictures.

    Args:
        table: As :func:`score_segmentations` returns it.
        seed: Of the resamples.
    """
    rows = []
    for method, part in table.groupby("method", sort=False):
        for measure in MEASURES:
            values = part[measure].to_numpy()
            low, high = interval_of_mean(values, seed=seed, bounds=_bounds(measure))
            mean = float(values.mean())
            rows.append((method, measure, mean, low, high, len(values)))
    return pd.DataFrame(rows, columns=["method", "measure", "mean", "low", "high", "n"])


def _bounds(measure: str) -> tuple[float, float]:
    """Least and largest value of a measure: entropies have no largest."""
    return NOT_NEGATIVE if measure in ("split", "merge") else SHARE


def interval_of_mean(
    values: Array, *, seed: int, bounds: tuple[float, float] = UNBOUNDED
) -> tuple[float, float]:
    """95 % bootstrap interval of a mean; the value twice where there is only one.

    Args:
        values: (n,).
        seed: Of the resamples.
        bounds: Least and largest value that the mean can have.
    """
    if len(values) < 2:
        return float(values.mean()), float(values.mean())
    return bootstrap_interval(
        lambda part: float(part.mean()), values, resamples=2000, seed=seed, bounds=bounds
    )


def paired_gain(
    table: pd.DataFrame, method: str, over: str, measure: str, *, seed: int
) -> tuple[float, float, float]:
    """Mean gain of one method over another on the same pictures, with its 95 % interval."""
    values = table.pivot_table(index="image", columns="method", values=measure)
    gain = (values[method] - values[over]).to_numpy()
    _, largest = _bounds(measure)
    bounds = SHARE_GAIN if largest <= 1 else (-largest, largest)
    return float(gain.mean()), *interval_of_mean(gain, seed=seed, bounds=bounds)


def method_metrics(table: pd.DataFrame, *, seed: int) -> dict[str, dict[str, float]]:
    """For each method its mean scores with intervals, pictures, and touching pairs apart."""
    rows = summarize_scores(table, seed=seed)
    out: dict[str, dict[str, float]] = {}
    for method, part in table.groupby("method", sort=False):
        own = rows[rows["method"] == method].set_index("measure")
        metrics = {"pictures": float(len(part))}
        for measure in ("f1", "mean_f1", "iou", "rand_error", "pixel_error", "warping_error"):
            for end, column in (("", "mean"), ("_low", "low"), ("_high", "high")):
                metrics[measure + end] = float(own[column].to_dict()[measure])
        metrics["touching_pairs"] = float(part["pairs"].sum())
        metrics["pairs_apart"] = float(part["apart"].sum())
        out[str(method)] = metrics
    return out


def pictures_by_score(
    table: pd.DataFrame, samples: Mapping[str, Sample], *, count: int
) -> dict[str, Sample]:
    """Pictures from the worst to the best by F1, evenly spread over their order."""
    order = table.groupby("image")["f1"].mean().sort_values(kind="stable").index
    last, steps = len(order) - 1, max(min(count, len(order)) - 1, 1)
    places = [round(Fraction(step * last, steps)) for step in range(min(count, len(order)))]
    return {str(order[place]): samples[str(order[place])] for place in places}
