"""Nodes of the clustering pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier import cells, clustering, data
from atelier.cells.params import SplittingParams
from atelier.clustering.params import ColourParams, PlaneParams
from atelier.types import Array, Arrays, Metrics


def run_em_steps(params: PlaneParams) -> tuple[Any, Any]:
    """Runs EM step by step on points of Gaussian clusters, from randomly drawn points as means."""
    cloud = clustering.sample_gaussian_clusters(params)
    trace = clustering.trace_em(cloud, params)
    title = f"EM on {params.points} points: 2σ ellipses and the log-likelihood of all points"
    figure = clustering.figures.em_steps_figure(cloud, trace, params.shown, title=title)
    return figure, clustering.figures.em_steps_animation(cloud, trace)


def compare_initialisations(params: PlaneParams) -> tuple[pd.DataFrame, Metrics, Any]:
    """Measures how much EM relies on its initialisation, over many starts of each."""
    points = clustering.sample_gaussian_clusters(params).points
    table = clustering.initialisation_table(
        points, params.components, count=params.starts, seed=params.seed
    )
    shares = clustering.share_reaching_best(table)
    title = (
        f"Final likelihood of EM: {params.starts} starts of each initialisation, "
        f"{params.components} components"
    )
    figure = clustering.figures.initialisations_figure(table, shares, title=title)
    return table, clustering.initialisation_metrics(table, params.starts), figure


def cluster_image(image: Array, params: ColourParams) -> tuple[pd.DataFrame, Metrics, Arrays, Any]:
    """Clusters an image's colours by a mixture; BIC decides the number of components."""
    clusters = clustering.cluster_colours(image, params)
    arrays = {"labels": clusters.labels.astype(np.uint8), "entropy": clusters.entropy}
    title = clustering.figures.colour_clusters_title(clusters, params.covariance)
    figure = clustering.figures.colour_clusters_figure(image, clusters, title=title)
    return clusters.table, clustering.colour_metrics(clusters), arrays, figure


def find_cells_by_mixture(test: Arrays, params: SplittingParams) -> Arrays:
    """Returns instance labels of every test image by a mixture of Gaussians and watershed."""
    samples = cells.unpack(test)
    return {
        name: clustering.cells_by_mixture(sample.image, params) for name, sample in samples.items()
    }


def score_mixture(
    test: Arrays, predicted: Arrays, provenance: dict[str, Any], params: PlaneParams
) -> tuple[pd.DataFrame, Metrics, pd.DataFrame, Any]:
    """Scores the cells of the mixture of Gaussians, image by image."""
    samples, predictions = cells.unpack(test), {"em": predicted}
    table = cells.score_segmentations(samples, predictions)
    examples = cells.pictures_by_score(table, samples, count=4)
    title = f"{provenance['name']}: mixture of Gaussians and watershed"
    figure = cells.figures.comparison_figure(examples, predictions, title=title)
    matches = cells.summarize_matches(
        cells.match_segmentations(samples, predictions), seed=params.seed
    )
    metrics = cells.method_metrics(table, seed=params.seed)["em"]
    metrics |= cells.matching_metrics(matches)["em"]
    split = data.splits_digest({"test": test})
    return table, metrics, cells.score_examples(table, split=split), figure
