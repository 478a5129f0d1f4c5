"""How many annotated images a U-Net needs: trainings on random subsets of each size."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import product
from time import perf_counter
from typing import Any, Protocol

import numpy as np
import pandas as pd

from atelier.cells.comparison import RESAMPLES
from atelier.cells.matching import COUNTS, match_segmentations
from atelier.cells.samples import Sample, pack
from atelier.cells.scores import OVERLAPS, matching_measures
from atelier.evaluation.intervals import SHARE, SHARE_GAIN, basic_interval, drawn_rows
from atelier.segmentation.params import (
    LARGEST_DRAWS,
    AnnotationParams,
    PredictionParams,
    SegmenterParams,
)
from atelier.segmentation.pixel_calibration import sample_pixels
from atelier.segmentation.postprocessing import segment_by_logits
from atelier.segmentation.prediction import pixel_log_odds
from atelier.segmentation.training import train_segmenter
from atelier.training.resume import NoCheckpoint, prefixed
from atelier.types import Array, Arrays, Metrics

logger = logging.getLogger(__name__)

SCALE_IMAGES = 10
"""Annotated images, at most, whose pixels say how far a cell grows."""
SHOWN_MEASURES = ("f1", "average_precision")


class FinishedTrainings(Protocol):
    """The scores of the trainings that are done, by number."""

    def finished(self) -> set[int]:
        """Returns the numbers of the trainings that are stored."""
        ...

    def write(self, index: int, rows: pd.DataFrame) -> None:
        """Stores the scores of a training."""
        ...

    def read(self, index: int) -> pd.DataFrame:
        """Reads the scores of a training."""
        ...


class TrainingStudies(Protocol):
    """Where finished trainings are kept, apart for each recipe and data."""

    def open(self, plan: dict[str, Any], data: Arrays) -> FinishedTrainings:
        """Opens the trainings of this recipe on this data."""
        ...


def train_on_subsets(
    train: Mapping[str, Sample],
    test: Mapping[str, Sample],
    params: AnnotationParams,
    recipe: SegmenterParams,
    prediction: PredictionParams,
    studies: TrainingStudies,
) -> pd.DataFrame:
    """Trains a U-Net on random subsets of the training images and matches its test cells.

    A draw is a random order of the training images that have cells; its subsets are the first
    images of that order, so they are nested. Each draw has a seed of its own for the network and
    the patches. No other annotation is used: the pixels of the annotated images alone say how far
    a cell grows. A training that an earlier run finished is not repeated.

    Args:
        train: Images to draw from, by name.
        test: Images to score on, by name.
        params: Sizes of the subsets, draws and steps.
        recipe: Network and training; `params` decide the steps.
        prediction: Tiles, symmetries and how cells are found.
        studies: Keeps each training's scores as soon as it has ended.

    Returns:
        A row for each training, test image and overlap: the columns of
        :func:`atelier.cells.match_segmentations`, with ``annotated`` (images), ``draw`` and
        ``seconds`` (of the training).

    Raises:
        ValueError: No size is at most the number of training images with cells.
    """
    annotated = {name: sample for name, sample in sorted(train.items()) if sample.labels.any()}
    sizes = [size for size in params.pictures if size <= len(annotated)]
    if not sizes:
        raise ValueError(
            f"Expected annotation.pictures of at most {len(annotated)}, the training images with "
            f"cells. Received: {params.pictures}"
        )
    recipe = recipe.model_copy(update={"steps": params.steps, "report_every": params.steps})
    plan = {"recipe": recipe.model_dump(), "prediction": prediction.model_dump()}
    data = prefixed("train", pack(annotated)) | prefixed("test", pack(test))
    store = studies.open(plan, data)
    tables = []
    for size, draw in product(sizes, range(params.draws)):
        number = size * LARGEST_DRAWS + draw
        if number not in store.finished():
            order = np.random.default_rng((recipe.seed, draw)).permutation(list(annotated))
            subset = {str(name): annotated[str(name)] for name in order[:size]}
            own = recipe.model_copy(update={"seed": recipe.seed + draw})
            rows = _train_and_match(subset, test, own, prediction)
            store.write(number, rows.assign(annotated=size, draw=draw))
        tables.append(store.read(number))
        logger.info("%d annotated images, draw %d of %d", size, draw + 1, params.draws)
    return pd.concat(tables, ignore_index=True)


def _train_and_match(
    subset: Mapping[str, Sample],
    test: Mapping[str, Sample],
    recipe: SegmenterParams,
    prediction: PredictionParams,
) -> pd.DataFrame:
    started = perf_counter()
    samples = list(subset.values())
    model, _ = train_segmenter(samples, [], recipe, curve=[], checkpoint=NoCheckpoint())
    seconds = perf_counter() - started
    scale_images = dict(list(subset.items())[:SCALE_IMAGES])
    on_scale, on_test = (
        {
            name: pixel_log_odds(
                model, sample.image, recipe, tile=prediction.tile, turns=prediction.turns
            )
            for name, sample in images.items()
        }
        for images in (scale_images, test)
    )
    pixels = sample_pixels(scale_images, on_scale, seed=recipe.seed)
    labels = segment_by_logits(on_test, on_test, pixels, prediction.cells)
    return match_segmentations(test, {"unet": labels}).assign(seconds=seconds)


def summarize_annotation(matches: pd.DataFrame, otsu: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Averages F1 and average precision at an IoU of 0.5, and the gains over Otsu.

    Means are over the test images and the draws. Intervals resample both (basic bootstrap, 95 %);
    gains are paired, by image.

    Args:
        matches: As :func:`train_on_subsets` returns it.
        otsu: Otsu's matches in the same images: as :func:`atelier.cells.match_segmentations`
            returns it.
        seed: Decides the resamples.

    Returns:
        A row for each measure (``f1, average_precision``) and number of annotated images, 0 for
        Otsu: ``measure, annotated, value, low, high, gain, gain_low, gain_high, draws, images``.
    """
    matches = matches[matches["overlap"] == OVERLAPS[0]]
    otsu = otsu[otsu["overlap"] == OVERLAPS[0]].assign(annotated=0, draw=0)
    rows = []
    for measure in SHOWN_MEASURES:
        floor = _scores_by_draw(otsu, measure)
        for annotated, group in pd.concat([otsu, matches]).groupby("annotated"):
            scores = _scores_by_draw(group, measure)
            value, low, high = _mean_interval(scores, seed=seed, bounds=SHARE)
            gain, *limits = _mean_interval(scores - floor, seed=seed, bounds=SHARE_GAIN)
            rows.append((measure, annotated, value, low, high, gain, *limits, *scores.shape))
    names = ["measure", "annotated", "value", "low", "high", "gain", "gain_low", "gain_high"]
    return pd.DataFrame(rows, columns=[*names, "draws", "images"])


def _scores_by_draw(matches: pd.DataFrame, measure: str) -> Array:
    """Returns a measure of each draw and image, (draws, images)."""
    values = matching_measures(matches[COUNTS].to_numpy())[measure]
    table = matches.assign(score=values).pivot_table(index="draw", columns="image", values="score")
    return np.asarray(table.to_numpy())


def mean_scores_by_draw(matches: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Returns a measure at an IoU of 0.5, the mean over images of each training.

    Args:
        matches: As :func:`train_on_subsets` returns it.
        measure: ``f1`` or ``average_precision``.

    Returns:
        ``annotated, draw, score``.
    """
    rows = matches[matches["overlap"] == OVERLAPS[0]]
    scored = rows.assign(score=matching_measures(rows[COUNTS].to_numpy())[measure])
    return scored.groupby(["annotated", "draw"])["score"].mean().reset_index()


def _mean_interval(
    scores: Array, *, seed: int, bounds: tuple[float, float]
) -> tuple[float, float, float]:
    """Returns the mean over draws and images with its interval, which resamples both."""
    draws, images = scores.shape
    chosen_draws = drawn_rows(draws, seed=seed + 1, resamples=RESAMPLES)
    chosen_images = drawn_rows(images, seed=seed, resamples=RESAMPLES)
    resampled = [
        scores[np.ix_(*chosen)].mean() for chosen in zip(chosen_draws, chosen_images, strict=True)
    ]
    mean = float(scores.mean())
    return mean, *basic_interval(mean, np.array(resampled), bounds=bounds)


def annotation_metrics(summary: pd.DataFrame) -> Metrics:
    """Returns F1 and average precision of Otsu, of each number of images, and of the largest.

    Args:
        summary: As :func:`summarize_annotation` returns it.

    Returns:
        ``otsu_<measure>``, ``<measure>_<images>`` with ``<measure>_<images>_gain``, and
        ``largest_<measure>``, each with ``_low`` and ``_high``; ``largest``, the most annotated
        images; ``least_above_otsu``, see :func:`least_above_otsu`, if there is one; ``n``, the
        test images; ``draws``.
    """
    largest = summary["annotated"].max()
    metrics: Metrics = {
        "n": float(summary["images"].iloc[0]),
        "draws": float(summary["draws"].max()),
        "largest": float(largest),
    }
    for row in summary.to_dict("records"):
        annotated, measure = row["annotated"], row["measure"]
        name = f"{measure}_{annotated}" if annotated else f"otsu_{measure}"
        metrics |= _with_limits(name, row, "value", "")
        if annotated:
            metrics |= _with_limits(f"{name}_gain", row, "gain", "gain_")
        if annotated == largest:
            metrics |= _with_limits(f"largest_{measure}", row, "value", "")
    least = least_above_otsu(summary)
    return metrics if least is None else metrics | {"least_above_otsu": float(least)}


def _with_limits(name: str, row: Mapping[Any, Any], value: str, prefix: str) -> Metrics:
    limits = {f"{name}_{end}": float(row[f"{prefix}{end}"]) for end in ("low", "high")}
    return {name: float(row[value])} | limits


def least_above_otsu(summary: pd.DataFrame, measure: str = "f1") -> int | None:
    """Returns the least number of images from which on every gain over Otsu is above 0.

    Args:
        summary: As :func:`summarize_annotation` returns it.
        measure: ``f1`` or ``average_precision``.

    Returns:
        The number, such that its interval and those of all larger numbers lie above 0; None where
        the largest number has none such.

    Examples:
        >>> import pandas as pd
        >>> from atelier.segmentation import least_above_otsu
        >>> rows = {"measure": "f1", "annotated": [0, 1, 2, 5], "gain_low": [0, 0.1, -0.1, 0.1]}
        >>> least_above_otsu(pd.DataFrame(rows))
        5
    """
    rows = summary[(summary["measure"] == measure) & (summary["annotated"] > 0)]
    least = None
    for row in rows.sort_values("annotated", ascending=False).to_dict("records"):
        if row["gain_low"] <= 0:
            break
        least = int(row["annotated"])
    return least
