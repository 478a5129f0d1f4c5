"""Nodes that compare scores of out-of-distribution detection; only calls import TensorFlow."""

from pathlib import Path
from typing import Any

import pandas as pd

from atelier import out_of_distribution
from atelier.data.sources import Downloader
from atelier.out_of_distribution.params import DOWNLOAD, OutOfDistributionParams
from atelier.types import Arrays, Checkpoint, Classifier, Metrics


def collect_far_images(
    archives: Downloader, test: Arrays, params: OutOfDistributionParams
) -> Arrays:
    """Makes images of noise, and reads Fashion-MNIST where the parameters say where it is."""
    return out_of_distribution.far_images(test["images"].shape[1:], params, archives)


def fashion_files(params: OutOfDistributionParams) -> list[Path]:
    """Returns the folder of Fashion-MNIST, if one is named."""
    location = params.fashion_mnist
    return [] if location in (None, DOWNLOAD) else [Path(str(location)).expanduser()]


def score_out_of_distribution(
    model: Classifier,
    logits: Arrays,
    features: Arrays,
    test: Arrays,
    near: Arrays,
    far: Arrays,
    params: OutOfDistributionParams,
) -> tuple[Arrays, pd.DataFrame]:
    """Scores all images by the trained classifier: scores, and a table of detection."""
    scores = out_of_distribution.score_classifier(model, logits, features, test, near, far, params)
    measures = out_of_distribution.detection_measures(
        scores, seed=params.training.seed, resamples=params.resamples
    )
    return scores.arrays(), out_of_distribution.network_table(scores, measures)


def score_networks(
    train: Arrays,
    calibration: Arrays,
    test: Arrays,
    near: Arrays,
    far: Arrays,
    provenance: dict[str, Any],
    params: OutOfDistributionParams,
    checkpoint: Checkpoint,
) -> Arrays:
    """Trains a network for each seed and scores all images by it."""
    classes = len(provenance["classes"])
    scores = out_of_distribution.study_seeds(
        train, calibration, test, near, far, params, checkpoint, classes=classes
    )
    return scores.arrays()


def measure_detection(
    scores: Arrays, params: OutOfDistributionParams
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics]:
    """Measures detection by every network, and on average with intervals over seeds."""
    by_network = out_of_distribution.ImageScores.from_arrays(scores)
    measures = out_of_distribution.detection_measures(
        by_network, seed=params.training.seed, resamples=params.resamples
    )
    table = out_of_distribution.seed_table(by_network, measures)
    networks = out_of_distribution.network_table(by_network, measures)
    return networks, table, out_of_distribution.detection_summary(table, by_network)


def draw_detection(
    table: pd.DataFrame, metrics: Metrics, provenance: dict[str, Any], checkpoint: Checkpoint
) -> Any:
    """Draws scores × sets; the scores of the networks are saved, so the checkpoint can go."""
    checkpoint.clear()
    title = (
        f"{provenance['name']}: AUROC of out-of-distribution images, mean of "
        f"{metrics['networks']:.0f} networks ± 95 % over seeds"
    )
    return out_of_distribution.figures.score_figure(table, title=title)
