"""Nodes of the annotation pipeline."""

from typing import Any

import pandas as pd

from atelier import cells, segmentation
from atelier.segmentation.params import AnnotationParams, PredictionParams, SegmenterParams
from atelier.types import Arrays, Metrics


def train_with_few_images(
    train: Arrays,
    test: Arrays,
    params: AnnotationParams,
    recipe: SegmenterParams,
    prediction: PredictionParams,
    trainings: Any,
) -> pd.DataFrame:
    """Trains U-Net on random subsets of the training images; finished trainings are kept."""
    return segmentation.train_on_subsets(
        cells.unpack(train), cells.unpack(test), params, recipe, prediction, trainings
    )


def compare_with_otsu(
    matches: pd.DataFrame,
    test: Arrays,
    otsu: Arrays,
    provenance: dict[str, Any],
    recipe: SegmenterParams,
) -> tuple[pd.DataFrame, Metrics, Any, str]:
    """Scores each number of annotated images beside Otsu on the same test images."""
    floor = cells.match_segmentations(cells.unpack(test), {"otsu": otsu})
    summary = segmentation.summarize_annotation(matches, floor, seed=recipe.seed)
    metrics = segmentation.annotation_metrics(summary)
    counts = f"{metrics['n']:.0f} test images, {metrics['draws']:.0f} draws"
    title = f"{provenance['name']}: {counts}, with 95 % intervals over both"
    figure = segmentation.figures.annotation_figure(matches, summary, title=title)
    return summary, metrics, figure, segmentation.describe_annotation(summary)
