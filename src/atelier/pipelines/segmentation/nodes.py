"""Nodes of the segmentation pipeline."""

from typing import Any

import pandas as pd

from atelier import cells, data, segmentation
from atelier.segmentation.params import PredictionParams, SegmenterParams
from atelier.types import Arrays, Checkpoint, History, MetricLog, Metrics


def train_unet(
    train: Arrays,
    validation: Arrays,
    params: SegmenterParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Any, History]:
    """Trains U-Net; continues from the checkpoint of a killed run with the same parameters."""
    samples, held_out = (list(cells.unpack(part).values()) for part in (train, validation))
    return segmentation.train_segmenter(
        samples, held_out, params, curve=curve, checkpoint=checkpoint
    )


def train_unweighted_unet(
    train_arrays: Arrays,
    validation: Arrays,
    params: SegmenterParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Any, History]:
    """Trains U-Net without border weights, from the same initial weights on the same patches."""
    weights = params.weights.model_copy(update={"w0": 0.0})
    unweighted = params.model_copy(update={"weights": weights})
    return train_unet(train_arrays, validation, unweighted, curve, checkpoint)


def predict_log_odds(
    model: Any,
    pictures: Arrays,
    params: SegmenterParams,
    prediction: PredictionParams,
    checkpoint: Checkpoint,
) -> Arrays:
    """Predicts log-odds of cell at each pixel; clears the checkpoint of the saved model."""
    checkpoint.clear()
    return {
        name: segmentation.pixel_log_odds(
            model, sample.image, params, tile=prediction.tile, turns=prediction.turns
        )
        for name, sample in cells.unpack(pictures).items()
    }


def segment_cells(
    logits: Arrays,
    ground: Arrays,
    validation: Arrays,
    validation_ground: Arrays,
    prediction: PredictionParams,
    params: SegmenterParams,
) -> Arrays:
    """Finds cells whose cores come from ``logits`` and grow in ``ground``."""
    samples = cells.unpack(validation)
    pixels = segmentation.sample_pixels(samples, validation_ground, seed=params.seed)
    return segmentation.segment_by_logits(logits, ground, pixels, prediction.cells)


def compare_segmentations(
    test: Arrays,
    otsu: Arrays,
    em: Arrays,
    unet: Arrays,
    unweighted: Arrays,
    combined: Arrays,
    params: SegmenterParams,
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics, pd.DataFrame]:
    """Scores all methods on the same images, with intervals."""
    predictions = {
        "otsu": otsu, "em": em, "unet": unet, "unweighted": unweighted, "combined": combined,
    }  # fmt: skip
    table = cells.score_segmentations(cells.unpack(test), predictions)
    metrics: Metrics = {}
    for method, scores in cells.method_metrics(table, seed=params.seed).items():
        metrics |= {f"{method}_{name}": value for name, value in scores.items()}
    gain = cells.paired_gain(table, "unet", "otsu", "f1", seed=params.seed)
    summary = cells.summarize_scores(table, seed=params.seed)
    examples = cells.score_examples(table, split=data.splits_digest({"test": test}))
    return table, summary, metrics | gain.as_metrics("gain_over_otsu"), examples


def match_cells(
    test: Arrays,
    otsu: Arrays,
    em: Arrays,
    unet: Arrays,
    unweighted: Arrays,
    combined: Arrays,
    provenance: dict[str, Any],
    params: SegmenterParams,
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics, Any]:
    """Counts matched cells at each overlap; scores them pooled and by image."""
    predictions = {
        "otsu": otsu, "em": em, "unet": unet, "unweighted": unweighted, "combined": combined,
    }  # fmt: skip
    matches = cells.match_segmentations(cells.unpack(test), predictions)
    summary = cells.summarize_matches(matches, seed=params.seed)
    metrics: Metrics = {}
    for method, scores in cells.matching_metrics(summary).items():
        metrics |= {f"{method}_{name}": value for name, value in scores.items()}
    counts = f"{metrics['unet_true_cells']:,.0f} cells of {metrics['unet_pictures']:.0f} images"
    title = f"{provenance['name']}: {counts}, pooled, with 95 % intervals over images"
    return matches, summary, metrics, cells.figures.matching_figure(summary, title=title)


def evaluate_pixel_calibration(
    validation: Arrays,
    test: Arrays,
    validation_logits: Arrays,
    test_logits: Arrays,
    provenance: dict[str, Any],
    params: SegmenterParams,
) -> tuple[Metrics, Any]:
    """Evaluates the calibration of pixels, before and after Platt scaling."""
    fitted, evaluated = (
        segmentation.sample_pixels(cells.unpack(arrays), logits, seed=params.seed)
        for arrays, logits in ((validation, validation_logits), (test, test_logits))
    )
    calibration = segmentation.calibrate_pixels(fitted, evaluated)
    title = f"{provenance['name']}: calibration of {len(evaluated.labels):,} test pixels"
    figure = segmentation.figures.pixel_calibration_figure(calibration.diagrams, title=title)
    return calibration.metrics, figure


def evaluate_cell_calibration(
    validation: Arrays,
    test: Arrays,
    validation_logits: Arrays,
    test_logits: Arrays,
    test_cells: Arrays,
    provenance: dict[str, Any],
    prediction: PredictionParams,
    params: SegmenterParams,
) -> tuple[pd.DataFrame, Metrics, Any]:
    """Evaluates the probability that a cell of U-Net is real, fitted on validation cells."""
    samples, tested = cells.unpack(validation), cells.unpack(test)
    pixels = segmentation.sample_pixels(samples, validation_logits, seed=params.seed)
    segmented = segmentation.segment_by_logits(
        validation_logits, validation_logits, pixels, prediction.cells
    )
    scale = segmentation.fit_platt_scale(pixels)
    fitted = segmentation.labelled_evidence(samples, segmented, validation_logits, scale)
    evaluated = segmentation.labelled_evidence(tested, test_cells, test_logits, scale)
    calibration = segmentation.calibrate_cells(fitted, evaluated, seed=params.seed)
    title = f"{provenance['name']}: which of {len(evaluated):,} predicted test cells are real"
    figure = segmentation.figures.cell_calibration_figure(calibration.diagrams, title=title)
    return calibration.cells, calibration.metrics, figure


def draw_segmentations(
    test: Arrays,
    otsu: Arrays,
    em: Arrays,
    unet: Arrays,
    table: pd.DataFrame,
    summary: pd.DataFrame,
    provenance: dict[str, Any],
) -> tuple[Any, Any]:
    """Draws the methods' cells side by side, and their scores."""
    name = provenance["name"]
    pairs = cells.figures.describe_pairs(table, ["unet", "unweighted", "combined"])
    return (
        cells.figures.comparison_figure(
            cells.pictures_by_score(table, cells.unpack(test), count=5),
            {"otsu": otsu, "em": em, "unet": unet},
            title=f"{name}: cells found by three methods in the same test images",
        ),
        cells.figures.f1_by_overlap_figure(
            table, summary, title=f"{name}: F1 of cells by overlap\n{pairs}"
        ),
    )


def draw_unet_training(
    train: Arrays,
    history: History,
    unweighted_history: History,
    provenance: dict[str, Any],
    params: SegmenterParams,
) -> tuple[Any, Any]:
    """Draws what U-Net is trained on, and its training with and without border weights."""
    first = next(iter(cells.unpack(train).values()))
    samples = segmentation.training_samples([first], params.weights)
    batches = [segmentation.training_batch(samples, params, step) for step in range(3)]
    return (
        segmentation.figures.training_samples_figure(first, samples[0].weights, batches),
        segmentation.figures.unet_training_figure(
            {"unet": history, "unweighted": unweighted_history},
            title=f"{provenance['name']}: training of U-Net",
        ),
    )
