"""Nodes of the clustering pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.cells.params import SplittingParams
from atelier.clustering.params import ColourParams, PlaneParams
from atelier.types import Array, Arrays, Metrics


def run_em_steps(params: PlaneParams) -> tuple[Any, Any]:
    """EM on planted points, step by step, from starting means that are points drawn at random."""
    from atelier.clustering.experiments import sample_gaussian_clusters
    from atelier.clustering.figures import em_steps_animation, em_steps_figure
    from atelier.clustering.mixture import em_steps

    cloud = sample_gaussian_clusters(params)
    rng = np.random.default_rng(params.seed)
    means = cloud.points[rng.choice(len(cloud.points), params.components, replace=False)]
    walk = em_steps(cloud.points, means, iterations=max(params.shown))
    title = f"EM on {params.points} points: 2σ ellipses and the log-likelihood of all points"
    figure = em_steps_figure(cloud, walk, params.shown, title=title)
    return figure, em_steps_animation(cloud, walk)


def compare_initialisations(params: PlaneParams) -> tuple[pd.DataFrame, Metrics, Any]:
    """The post's warning, measured: where EM ends from many starts of each initialisation."""
    from atelier.clustering.experiments import (
        initialisation_table,
        sample_gaussian_clusters,
        share_reaching_best,
    )
    from atelier.clustering.figures import initialisations_figure
    from atelier.evaluation.intervals import wilson_interval

    cloud = sample_gaussian_clusters(params)
    table = initialisation_table(
        cloud.points, params.components, count=params.starts, seed=params.seed
    )
    shares = share_reaching_best(table)
    metrics: Metrics = {"starts": float(params.starts)}
    for init, share in shares.items():
        low, high = wilson_interval(round(share * params.starts), params.starts)
        name = init.replace("-", "_").replace("+", "p")
        metrics |= {f"{name}_best": share, f"{name}_best_low": low, f"{name}_best_high": high}
    title = f"Where EM ends: {params.starts} starts each, {params.components} components"
    return table, metrics, initialisations_figure(table, shares, title=title)


def cluster_image(image: Array, params: ColourParams) -> tuple[pd.DataFrame, Metrics, Arrays, Any]:
    """A picture's colours by a mixture, the number of components by BIC."""
    from atelier.clustering.experiments import cluster_colours, components_with_least_bic
    from atelier.clustering.figures import colour_clusters_figure

    clustered = cluster_colours(image, params)
    metrics = {
        "components": float(components_with_least_bic(clustered.table)),
        "bic": float(clustered.table["bic"].min()),
        "log_likelihood": clustered.mixture.log_likelihood,
        "mean_entropy": float(clustered.entropy.mean()),
        "pixels": float(clustered.labels.size),
    }
    arrays = {"labels": clustered.labels.astype(np.uint8), "entropy": clustered.entropy}
    feature = "grey value" if clustered.colours.shape[1] == 1 else "colour"
    pixels = clustered.labels.size
    title = (
        f"{pixels:,} pixel{'s' if pixels > 1 else ''} by {feature}, {params.covariance} covariances"
    )
    return clustered.table, metrics, arrays, colour_clusters_figure(image, clustered, title=title)


def find_cells_by_mixture(test: Arrays, params: SplittingParams) -> Arrays:
    """Instance labels of every test picture by Gaussians and watershed."""
    from atelier.cells.samples import unpack
    from atelier.clustering.cells import cells_by_mixture

    return {name: cells_by_mixture(image, params) for name, (image, _) in unpack(test).items()}


def score_mixture(
    test: Arrays, found: Arrays, provenance: dict[str, Any], params: PlaneParams
) -> tuple[pd.DataFrame, Metrics, Any]:
    """How many cells that finds, picture by picture."""
    from atelier.cells.comparison import method_metrics, pictures_by_score, score_segmentations
    from atelier.cells.figures import comparison_figure
    from atelier.cells.samples import unpack

    samples = unpack(test)
    table = score_segmentations(samples, {"EM": found})
    shown = pictures_by_score(table, samples, count=4)
    title = f"{provenance['name']}: Gaussians and watershed"
    figure = comparison_figure(shown, {"EM": found}, title=title)
    return table, method_metrics(table, seed=params.seed)["EM"], figure
