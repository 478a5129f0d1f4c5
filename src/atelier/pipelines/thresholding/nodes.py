"""Nodes of the thresholding pipeline."""

import logging
from typing import Any

import pandas as pd

from atelier import cells, data, thresholding
from atelier.cells.params import SplittingParams
from atelier.thresholding.params import ThresholdingParams
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
