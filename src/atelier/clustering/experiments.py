"""Experiments with EM on Gaussian clusters: its steps, and its dependence on the start."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.clustering.em import MixtureStep
from atelier.clustering.mixture import (
    em_steps,
    fit_mixture,
    has_undersized_component,
)
from atelier.clustering.params import PlaneParams
from atelier.evaluation.intervals import with_interval
from atelier.types import Array, Metrics

METRICS = {"random": "random_best", "k-means++": "k_meanspp_best"}
"""Initialisations that are compared, and the metric of each: the share that reaches the best."""


class LabelledPoints(NamedTuple):
    """Points, and the index of the Gaussian from which each was drawn."""

    points: Array
    """(n, 2)."""
    truth: Array
    """(n,)."""


def sample_gaussian_clusters(params: PlaneParams) -> LabelledPoints:
    """Draws points from equally probable, elongated Gaussians around a ring.

    Returns:
        Points of shape (n, 2) and the index of each point's Gaussian, (n,).
    """
    rng = np.random.default_rng(params.seed)
    count = params.components
    truth = rng.integers(count, size=params.points)
    angle = 2 * np.pi * np.arange(count) / count
    radius = params.distance / (2 * np.sin(np.pi / count))
    means = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    turn, long = rng.uniform(0, np.pi, count), rng.uniform(1.0, 2.2, count)
    deviations = np.stack([long, 1 / long], axis=1)
    normal = rng.standard_normal((params.points, 2)) * deviations[truth]
    cos, sin = np.cos(turn[truth]), np.sin(turn[truth])
    turned = np.stack(
        [cos * normal[:, 0] - sin * normal[:, 1], sin * normal[:, 0] + cos * normal[:, 1]], 1
    )
    return LabelledPoints(means[truth] + turned, truth)


def trace_em(cloud: LabelledPoints, params: PlaneParams) -> list[MixtureStep]:
    """Runs EM from randomly drawn points as means, up to the last iteration of the figure.

    Returns:
        The initial mixture and the mixture after each iteration.
    """
    rng = np.random.default_rng(params.seed)
    means = cloud.points[rng.choice(len(cloud.points), params.components, replace=False)]
    return em_steps(cloud.points, means, iterations=max(params.shown))


def initialisation_table(points: Array, components: int, *, count: int, seed: int) -> pd.DataFrame:
    """Fits mixtures from ``count`` starts of each initialisation.

    Args:
        points: (n, d).
        components: Number of Gaussians.
        count: Number of starts of each initialisation.
        seed: Seed of the first start; the others follow.

    Returns:
        A row for each start: ``init, seed, log_likelihood, steps, floored``, and ``collapsed``:
        whether a component is floored or holds fewer points than it has parameters.
    """
    rows = []
    for init in METRICS:
        for start in range(seed, seed + count):
            fit = fit_mixture(points, components, init=init, seed=start, tol=1e-6, warn=False)
            collapsed = fit.floored or has_undersized_component(fit, len(points), "full")
            steps = len(fit.history) - 1
            rows.append((init, start, fit.log_likelihood, steps, fit.floored, collapsed))
    columns = ["init", "seed", "log_likelihood", "steps", "floored", "collapsed"]
    return pd.DataFrame(rows, columns=columns)


def share_reaching_best(table: pd.DataFrame, *, within: float = 0.1) -> dict[str, float]:
    """Returns the share of starts of each initialisation that reach the best log-likelihood.

    A start with a collapsed component, whose likelihood has no meaning, does not reach it.

    Args:
        table: What :func:`initialisation_table` returns.
        within: Largest difference from the best log-likelihood, nats.

    Examples:
        >>> import pandas as pd
        >>> from atelier.clustering import share_reaching_best
        >>> init = ["random", "random", "k-means++", "k-means++"]
        >>> table = pd.DataFrame({"init": init, "log_likelihood": [-9.0, -5.0, -5.0, -5.05]})
        >>> share_reaching_best(table.assign(collapsed=False))
        {'random': 0.5, 'k-means++': 1.0}
    """
    sound = table[~table["collapsed"]]
    best = sound["log_likelihood"].max()
    good = (~table["collapsed"]) & (table["log_likelihood"] >= best - within)
    return {init: float(good[table["init"] == init].mean()) for init in METRICS}


def initialisation_metrics(table: pd.DataFrame, starts: int) -> Metrics:
    """Returns the share of starts that reach the best likelihood, with Wilson's 95 % interval.

    Args:
        table: What :func:`initialisation_table` returns.
        starts: Number of starts of each initialisation.
    """
    metrics: Metrics = {"starts": float(starts)}
    for init, share in share_reaching_best(table).items():
        metrics |= with_interval(METRICS[init], round(share * starts), starts)
    return metrics
