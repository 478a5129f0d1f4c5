"""Nodes of the trainability pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier import sweep, trainability
from atelier.trainability.params import ComputationParams, RatePlaneParams, TwoLayerParams
from atelier.types import Animation, Arrays, Metrics

FRAMES = 6
"""Of the animation, from one window to the next."""


def train_plane(
    network: TwoLayerParams,
    plane: RatePlaneParams,
    computation: ComputationParams,
    trials: sweep.StudyFolder,
) -> Arrays:
    """Trains the members of the whole window for each seed, and of its zooms for the first."""
    windows = trainability.zoom_windows(plane)
    measures, seconds = trainability.train_windows(
        network, windows, computation, trials, progress_meter=sweep.progress_bar
    )
    seeds, size = len(network.seeds), plane.zoom_resolution
    return {
        "whole": np.stack(measures[:seeds]),
        "zooms": np.reshape(measures[seeds:], (plane.zooms, size, size)),
        "timing_seconds": np.asarray(seconds),
    }


def measure_border(
    measures: Arrays, network: TwoLayerParams, plane: RatePlaneParams
) -> tuple[pd.DataFrame, pd.DataFrame, Metrics]:
    """Computes share, border and dimension of each picture, box counts, and metrics."""
    windows = trainability.zoom_windows(plane)
    pictures = [*measures["whole"], *measures["zooms"]]
    borders, counts = trainability.border_tables(pictures, windows, network.seeds)
    seconds = float(measures["timing_seconds"])
    return (
        borders,
        counts,
        trainability.trainability_metrics(borders, network, windows, seconds=seconds),
    )


def draw_border(
    measures: Arrays,
    borders: pd.DataFrame,
    counts: pd.DataFrame,
    network: TwoLayerParams,
    plane: RatePlaneParams,
) -> tuple[Any, Any, Animation]:
    """Draws the plane with its zooms, the box counts, and an animation that zooms in."""
    windows = trainability.zoom_windows(plane)
    pictures = [measures["whole"][0], *measures["zooms"]]
    title = (
        f"{sum(picture.size for picture in pictures):,} trainings of a network with "
        f"{network.width} {network.nonlinearity} units, {network.steps:,} steps each"
    )
    return (
        trainability.figures.border_figure(pictures, windows, title=title),
        trainability.figures.box_count_figure(counts, borders),
        trainability.figures.zoom_animation(pictures, windows, frames=FRAMES),
    )
