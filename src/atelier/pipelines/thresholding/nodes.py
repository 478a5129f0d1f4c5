"""Nodes of the thresholding pipeline."""

import logging
from typing import Any

import numpy as np
import pandas as pd

from atelier import cells, clustering, data, thresholding
from atelier.cells.params import SplittingParams
from atelier.thresholding.params import BinarizationParams, PriorPathParams, ThresholdingParams
from atelier.types import Array, Arrays, Metrics

logger = logging.getLogger(__name__)


def threshold_image(image: Array, params: ThresholdingParams) -> tuple[pd.DataFrame, Metrics, Any]:
    """Computes Otsu's thresholds of an image, the variances by threshold, and an interval."""
    grey = cells.stored_grey(image)
    result = thresholding.threshold_picture(grey, params)
    for note in result.notes:
        logger.warning("Image of %d x %d pixels: %s", *grey.shape, note)
    title = thresholding.figures.threshold_title(result)
    figure = thresholding.figures.threshold_figure(grey, result, title=title)
    metrics = thresholding.picture_metrics(result, grey.size)
    return thresholding.curve_table(result.curve), metrics, figure


def compare_criteria(image: Array, params: PriorPathParams) -> tuple[pd.DataFrame, Metrics, Any]:
    """Walks from minimum error to Otsu's threshold, beside the boundaries of two Gaussians."""
    grey = cells.stored_grey(image)
    path = thresholding.prior_path(grey, params)
    mixtures = clustering.fit_two_gaussians(*thresholding.grey_histogram(grey))
    metrics = thresholding.criteria_metrics(grey, clustering.decision_boundaries(mixtures))
    grid = np.linspace(float(grey.min()), float(grey.max()), 512)
    density = np.exp(mixtures["full"].log_joint(grid)) if mixtures else np.empty((512, 0))
    title = "From minimum error to Otsu's threshold: a prior holds the variances together"
    figure = thresholding.figures.prior_path_figure(grey, path, metrics, density, title=title)
    return path, metrics, figure


def divide_pages(pages: list[Array], params: BinarizationParams) -> tuple[Arrays, Metrics, Any]:
    """Divides all pages of a picture into foreground and background."""
    grey = [thresholding.masked_grey(page) for page in pages]
    foreground = thresholding.find_foreground(grey, params)
    arrays = {
        f"page{page:04}": np.ma.filled(mask, fill_value=False)
        for page, mask in enumerate(foreground.masks, start=1)
    }
    metrics = thresholding.foreground_metrics(foreground)
    title = thresholding.figures.foreground_title(metrics, params)
    figure = thresholding.figures.foreground_figure(grey, foreground.masks, title=title)
    return arrays, metrics, figure


def find_cells_by_threshold(test: Arrays, params: SplittingParams) -> Arrays:
    """Returns instance labels of every test image by Otsu's threshold and watershed."""
    samples = cells.unpack(test)
    return {
        name: thresholding.cells_by_threshold(sample.image, params)
        for name, sample in samples.items()
    }


def score_threshold(
    test: Arrays, predicted: Arrays, provenance: dict[str, Any], params: ThresholdingParams
) -> tuple[pd.DataFrame, Metrics, pd.DataFrame, Any]:
    """Scores the cells of Otsu's threshold, image by image."""
    samples, predictions = cells.unpack(test), {"otsu": predicted}
    table = cells.score_segmentations(samples, predictions)
    examples = cells.pictures_by_score(table, samples, count=4)
    title = f"{provenance['name']}: Otsu's threshold and watershed"
    figure = cells.figures.comparison_figure(examples, predictions, title=title)
    matches = cells.summarize_matches(
        cells.match_segmentations(samples, predictions), seed=params.seed
    )
    metrics = cells.method_metrics(table, seed=params.seed)["otsu"]
    metrics |= cells.matching_metrics(matches)["otsu"]
    split = data.splits_digest({"test": test})
    return table, metrics, cells.score_examples(table, split=split), figure
