"""Nodes of the thresholding pipeline."""

import logging
from typing import Any

import pandas as pd

from atelier.cells.params import SplittingParams
from atelier.thresholding.params import ThresholdingParams
from atelier.types import Array, Arrays, Metrics

logger = logging.getLogger(__name__)


def threshold_image(image: Array, params: ThresholdingParams) -> tuple[pd.DataFrame, Metrics, Any]:
    """Otsu's thresholds of one picture, the variances over t, and how sure t is."""
    from atelier.cells.grayscale import stored_grey
    from atelier.thresholding.experiments import threshold_picture
    from atelier.thresholding.figures import threshold_figure

    grey = stored_grey(image)
    result = threshold_picture(grey, params)
    for note in result.notes:
        logger.warning("picture of %d x %d pixels: %s", *grey.shape, note)
    curve, t = result.curve, float(result.cuts[2][0])
    table = pd.DataFrame(
        {"threshold": curve.levels, "within": curve.within, "between": curve.between}
    )
    metrics: Metrics = {
        "threshold": t,
        "separability": curve.separability,
        "pixels": float(grey.size),
        "grey_values": float(result.grey_values),
        "classes": float(min(max(result.cuts), result.grey_values)),
    }
    sure = ""
    if result.interval:
        metrics["threshold_low"], metrics["threshold_high"] = result.interval
        low, high = map(result.text, result.interval)
        sure = f", 95 % of resamples in {low} to {high}"
    title = "\n".join([f"Otsu's method: t = {result.text(t)}{sure}", *result.notes])
    return table, metrics, threshold_figure(grey, result, title=title)


def find_cells_by_threshold(test: Arrays, params: SplittingParams) -> Arrays:
    """Instance labels of every test picture by Otsu's threshold and watershed."""
    from atelier.cells.samples import unpack
    from atelier.thresholding.cells import cells_by_threshold

    return {name: cells_by_threshold(image, params) for name, (image, _) in unpack(test).items()}


def score_threshold(
    test: Arrays, found: Arrays, provenance: dict[str, Any], params: ThresholdingParams
) -> tuple[pd.DataFrame, Metrics, Any]:
    """How many cells that finds, picture by picture."""
    from atelier.cells.comparison import method_metrics, pictures_by_score, score_segmentations
    from atelier.cells.figures import comparison_figure
    from atelier.cells.samples import unpack

    samples = unpack(test)
    table = score_segmentations(samples, {"Otsu": found})
    shown = pictures_by_score(table, samples, count=4)
    title = f"{provenance['name']}: Otsu's threshold and watershed"
    figure = comparison_figure(shown, {"Otsu": found}, title=title)
    return table, method_metrics(table, seed=params.seed)["Otsu"], figure
