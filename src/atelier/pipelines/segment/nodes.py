"""Nodes of the segment pipeline."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from atelier import cells, segmentation
from atelier.cells.params import SplittingParams
from atelier.segmentation.params import ApplicationParams, PredictionParams, SegmenterParams
from atelier.types import Metrics

Trained = Callable[[], Mapping[str, Any]]


def segment_images(
    images: Sequence[Any],
    trained: Trained,
    params: ApplicationParams,
    prediction: PredictionParams,
    watershed: SplittingParams,
    results: Any,
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics]:
    """Finds the cells of each image; writes label maps, outlines and overlays as it goes."""
    if params.method == "unet":
        method = _method_by_unet(trained(), prediction)
    elif params.method == "em":
        method = segmentation.method_by_mixture(watershed)
    else:
        method = segmentation.method_by_threshold(watershed)
    application = segmentation.apply_method(images, method, results)
    results.save_tables(application.cells, application.images)
    segmentation.check_images_readable(application.images, params.unreadable)
    return *application, segmentation.application_metrics(application)


def _method_by_unet(trained: Mapping[str, Any], prediction: PredictionParams) -> Any:
    """Returns the trained network with the scales of the validation images' pixels and cells."""
    unet = SegmenterParams.model_validate(trained["params"])
    samples = cells.unpack(trained["validation"])
    pixels = segmentation.sample_pixels(samples, trained["logits"], seed=unet.seed)
    segmented = segmentation.segment_by_logits(
        trained["logits"], trained["logits"], pixels, prediction.cells
    )
    scale = segmentation.fit_platt_scale(pixels)
    evidence = segmentation.labelled_evidence(samples, segmented, trained["logits"], scale)
    return segmentation.method_by_unet(
        trained["model"],
        pixels,
        unet,
        prediction,
        match_scale=segmentation.fit_match_scale(evidence),
    )


def draw_contact_sheet(images: pd.DataFrame, params: ApplicationParams, results: Any) -> Any:
    """Draws the overlays of some images, evenly spaced."""
    rows = segmentation.images_for_figure(images, count=12)
    overlays = {
        f"{name}: {cells.figures.count_of(int(number), 'cell')}": results.overlay(name)
        for name, number in zip(rows["result"], rows["cells"], strict=True)
    }
    total = cells.figures.count_of(int(images["cells"].sum()), "cell")
    pictures = cells.figures.count_of(len(images), "image")
    method = cells.figures.method_title(params.method)
    return cells.figures.overlays_figure(overlays, title=f"{total} in {pictures} by {method}")
