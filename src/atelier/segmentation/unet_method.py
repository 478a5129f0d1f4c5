"""U-Net as a method that finds the cells of an image with calibrated probabilities."""

from __future__ import annotations

import functools
from typing import Any

from scipy.special import expit

from atelier.cells.watershed import cells_from_probability
from atelier.segmentation.cell_calibration import MatchScale, cell_evidence
from atelier.segmentation.methods import FoundCells, Method
from atelier.segmentation.params import PredictionParams, SegmenterParams
from atelier.segmentation.pixel_calibration import PixelSample, PlattScale, fit_platt_scale
from atelier.segmentation.prediction import pixel_log_odds
from atelier.training.resume import fingerprint_of, numbered
from atelier.types import Array


def method_by_unet(
    model: Any,
    validation: PixelSample,
    params: SegmenterParams,
    prediction: PredictionParams,
    *,
    match_scale: MatchScale | None = None,
) -> Method:
    """Returns a trained U-Net, whose cells grow to the threshold fitted on validation pixels.

    Its probabilities are calibrated by Platt scaling on the same pixels.

    Args:
        model: As :func:`atelier.segmentation.train_segmenter` trains it.
        validation: Pixels of validation images with the logits of the model.
        params: Parameters that the model was built from.
        prediction: Tiles, symmetries and how cells are found.
        match_scale: Gives each cell the probability that it is real, fitted on validation cells;
            None leaves it out.

    Returns:
        The method.

    Raises:
        ValueError: The model was built from other parameters.
    """
    check_network(model, params)
    scale = fit_platt_scale(validation)
    text = f"unet {params.network.model_dump_json()} {prediction.model_dump_json()} {scale}"
    text += f" {match_scale}"
    find_cells = functools.partial(
        _cells_by_unet,
        model=model,
        scale=scale,
        params=params,
        prediction=prediction,
        match_scale=match_scale,
    )
    return Method(find_cells, fingerprint_of(text, numbered(model.weights)))


def check_network(model: Any, params: SegmenterParams) -> None:
    """Checks that a model has the network that the parameters describe.

    Raises:
        ValueError: It has another; tiles would then get the wrong margin.
    """
    network = params.network
    expected = f"unet_{network.filters}_{network.depth}_{network.padding}"
    if model.name != expected:
        raise ValueError(
            f"Expected the network of cells.unet.network, {expected}. Received: {model.name}; give "
            "the same --params as for its training, or train it anew"
        )


def _cells_by_unet(
    image: Array,
    *,
    model: Any,
    scale: PlattScale,
    params: SegmenterParams,
    prediction: PredictionParams,
    match_scale: MatchScale | None,
) -> FoundCells:
    log_odds = pixel_log_odds(model, image, params, tile=prediction.tile, turns=prediction.turns)
    rule = prediction.cells
    labels = cells_from_probability(
        expit(log_odds),
        threshold=rule.threshold,
        extent=min(scale.decision_threshold, rule.threshold),
        smoothing=rule.smoothing,
        depth=rule.depth,
        min_size=rule.least,
    )
    evidence = cell_evidence(labels, log_odds)
    return FoundCells(
        labels,
        expit(scale.slope * log_odds + scale.offset),
        None if match_scale is None else match_scale.probability(evidence),
    )
