"""Nodes of the segmentation pipeline."""

from typing import Any

import pandas as pd

from atelier.segmentation.params import PredictionParams, SegmenterParams
from atelier.types import Arrays, Checkpoint, History, MetricLog, Metrics

METHODS = ("Otsu", "EM", "U-Net", "U-Net, no borders", "U-Net, both")
SHORT = ("otsu", "em", "unet", "unweighted", "combined")


def train_unet(
    train: Arrays,
    validation: Arrays,
    params: SegmenterParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Any, History]:
    """U-Net; goes on where a killed run of the same recipe stopped."""
    from atelier.cells.samples import unpack
    from atelier.segmentation.training import train_segmenter
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(params.seed, params.threads)
    samples, held = (list(unpack(part).values()) for part in (train, validation))
    return train_segmenter(samples, held, params, curve=curve, checkpoint=checkpoint)


def train_unweighted_unet(
    train_arrays: Arrays,
    validation: Arrays,
    params: SegmenterParams,
    curve: MetricLog,
    checkpoint: Checkpoint,
) -> tuple[Any, History]:
    """The same without the border term: same seed, same first weights, same lessons."""
    plain = params.weights.model_copy(update={"w0": 0.0})
    arm = params.model_copy(update={"weights": plain})
    return train_unet(train_arrays, validation, arm, curve, checkpoint)


def predict_logits(
    model: Any,
    pictures: Arrays,
    params: SegmenterParams,
    prediction: PredictionParams,
    checkpoint: Checkpoint,
) -> Arrays:
    """Log-odds of cell at each pixel. The model is saved by now, so the checkpoint can go."""
    from atelier.cells.samples import unpack
    from atelier.segmentation.training import log_odds
    from atelier.training.reproducibility import make_reproducible

    checkpoint.clear()
    make_reproducible(params.seed, params.threads)
    return {
        name: log_odds(model, image, params, tile=prediction.tile, turns=prediction.turns)
        for name, (image, _) in unpack(pictures).items()
    }


def segment_cells(
    odds: Arrays,
    ground: Arrays,
    validation: Arrays,
    validation_ground: Arrays,
    prediction: PredictionParams,
    params: SegmenterParams,
) -> Arrays:
    """Instance labels of every picture: cores by ``odds``, grown in ``ground`` (the same, or those
    of another network) as far as validation says that cells reach.
    """
    from scipy.special import expit

    from atelier.cells.samples import unpack
    from atelier.cells.watershed import cells_from_probability
    from atelier.segmentation.pixel_calibration import fit_platt_scale, sample_pixels

    rule = prediction.cells.model_dump()
    pixels = sample_pixels(unpack(validation), validation_ground, seed=params.seed)
    extent = min(fit_platt_scale(pixels).decision_threshold, prediction.cells.threshold)
    return {
        name: cells_from_probability(
            expit(logits), extent=extent, ground=expit(ground[name]), **rule
        )
        for name, logits in odds.items()
    }


def compare_segmentations(
    test: Arrays,
    otsu: Arrays,
    em: Arrays,
    unet: Arrays,
    plain: Arrays,
    both: Arrays,
    params: SegmenterParams,
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics]:
    """Every score of every method on the same pictures, with intervals."""
    from atelier.cells.comparison import (
        method_metrics,
        paired_gain,
        score_segmentations,
        summarize_scores,
    )
    from atelier.cells.samples import unpack

    found = dict(zip(METHODS, (otsu, em, unet, plain, both), strict=True))
    table = score_segmentations(unpack(test), found)
    metrics: Metrics = {}
    for method, scores in method_metrics(table, seed=params.seed).items():
        short = SHORT[METHODS.index(method)]
        metrics |= {f"{short}_{name}": value for name, value in scores.items()}
    gain = paired_gain(table, "U-Net", "Otsu", "f1", seed=params.seed)
    ends = ("", "_low", "_high")
    metrics |= {f"gain_over_otsu{end}": value for end, value in zip(ends, gain, strict=True)}
    return table, summarize_scores(table, seed=params.seed), metrics


def evaluate_pixel_calibration(
    validation: Arrays,
    test: Arrays,
    validation_odds: Arrays,
    test_odds: Arrays,
    provenance: dict[str, Any],
    params: SegmenterParams,
) -> tuple[Metrics, Any]:
    """Calibration of the pixels' probabilities, before and after a slope and an offset."""
    from atelier.cells.figures import pixel_calibration_figure
    from atelier.cells.samples import unpack
    from atelier.segmentation.pixel_calibration import calibrate_pixels, sample_pixels

    fitted, judged = (
        sample_pixels(unpack(part), odds, seed=params.seed)
        for part, odds in ((validation, validation_odds), (test, test_odds))
    )
    trust = calibrate_pixels(fitted, judged)
    title = f"{provenance['name']}: {len(judged.labels):,} test pixels"
    return trust.metrics, pixel_calibration_figure(trust.diagrams, title=title)


def draw_segmentations(
    train: Arrays,
    test: Arrays,
    otsu: Arrays,
    em: Arrays,
    unet: Arrays,
    table: pd.DataFrame,
    rows: pd.DataFrame,
    histories: History,
    unweighted_history: History,
    provenance: dict[str, Any],
    params: SegmenterParams,
) -> tuple[Any, Any, Any, Any]:
    """All methods side by side; strictness; the lessons; the learning."""
    from atelier.cells import figures as plots
    from atelier.cells.comparison import pictures_by_score
    from atelier.cells.samples import unpack
    from atelier.segmentation.patches import training_batch, training_samples

    samples, name = unpack(test), provenance["name"]
    pairs = table.groupby("method", sort=False)[["apart", "pairs"]].sum()
    apart = {method: f"{row.apart:.0f} of {row.pairs:.0f}" for method, row in pairs.iterrows()}
    first_two = f"touching pairs apart: {apart['U-Net']}, without borders {apart[METHODS[3]]}"
    together = f"{first_two}, both {apart[METHODS[4]]}"
    first = next(iter(unpack(train).values()))
    lesson = training_samples([first], params.weights)
    steps = [training_batch(lesson, params, step) for step in range(3)]
    return (
        plots.comparison_figure(
            pictures_by_score(table, samples, count=5),
            {"Otsu": otsu, "EM": em, "U-Net": unet},
            title=f"{name}: the same test pictures three ways",
        ),
        plots.f1_by_overlap_figure(table, rows, title=f"{name}; {together}"),
        plots.training_samples_figure(
            first.image,
            first.labels,
            lesson[0].weights,
            [(images[0, ..., 0], targets[0]) for images, targets, _ in steps],
        ),
        plots.unet_training_figure(
            {"U-Net": histories, METHODS[3]: unweighted_history}, title=f"{name}: U-Net's training"
        ),
    )
