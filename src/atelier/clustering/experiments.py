"""What EM does with points and with pictures: steps, starts, colours."""

import logging
from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.clustering.mixture import (
    GaussianMixture,
    bayesian_information_criterion,
    fit_mixture,
    has_undersized_component,
)
from atelier.clustering.params import ColourParams, PlaneParams
from atelier.types import Array

logger = logging.getLogger(__name__)

INITS = ("random", "k-means++")


class LabelledPoints(NamedTuple):
    """Points, and which Gaussian each was drawn from."""

    points: Array
    """(n, 2)."""
    truth: Array
    """(n,)."""


class ColourClusters(NamedTuple):
    """A picture by clusters of its pixels."""

    table: pd.DataFrame
    """A row for each number of components: ``components, log_likelihood, bic, steps, floored``."""
    mixture: GaussianMixture
    """The one with the least BIC, over the channels that :func:`informative_columns` picks."""
    colours: Array
    """Mean colour of each component, (components, channels), 1 or 3 channels."""
    labels: Array
    """Its most probable component at each pixel, (height, width)."""
    entropy: Array
    """How undecided it is there, bits."""


def sample_gaussian_clusters(params: PlaneParams) -> LabelledPoints:
    """Points of elongated Gaussians around a ring, as many of each as chance has it."""
    rng = np.random.default_rng(params.seed)
    count = params.components
    truth = rng.integers(count, size=params.points)
    angle = 2 * np.pi * np.arange(count) / count
    radius = params.distance / (2 * np.sin(np.pi / count))
    means = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    turn, long = rng.uniform(0, np.pi, count), rng.uniform(1.0, 2.2, count)
    spread = np.stack([long, 1 / long], axis=1)
    normal = rng.standard_normal((params.points, 2)) * spread[truth]
    cos, sin = np.cos(turn[truth]), np.sin(turn[truth])
    turned = np.stack(
        [cos * normal[:, 0] - sin * normal[:, 1], sin * normal[:, 0] + cos * normal[:, 1]], 1
    )
    return LabelledPoints(means[truth] + turned, truth)


def initialisation_table(points: Array, components: int, *, count: int, seed: int) -> pd.DataFrame:
    """Where EM ends from ``count`` starts of each initialisation.

    Columns: ``init, seed, log_likelihood, steps, floored``, and ``collapsed``, where a component
    is floored or holds fewer points than it has parameters.
    """
    rows = []
    for init in INITS:
        for start in range(seed, seed + count):
            fit = fit_mixture(points, components, init=init, seed=start, tol=1e-6)
            collapsed = fit.floored or has_undersized_component(fit, len(points), "full")
            steps = len(fit.history) - 1
            rows.append((init, start, fit.log_likelihood, steps, fit.floored, collapsed))
    columns = ["init", "seed", "log_likelihood", "steps", "floored", "collapsed"]
    return pd.DataFrame(rows, columns=columns)


def share_reaching_best(table: pd.DataFrame, *, within: float = 0.1) -> dict[str, float]:
    """Share of the starts of each initialisation that end within so many nats of the best.

    Starts with a collapsed component, whose likelihood says nothing, count as lost.
    """
    sound = table[~table["collapsed"]]
    best = sound["log_likelihood"].max()
    good = (~table["collapsed"]) & (table["log_likelihood"] >= best - within)
    return {init: float(good[table["init"] == init].mean()) for init in INITS}


def components_with_least_bic(table: pd.DataFrame) -> int:
    """The number of components with the least BIC."""
    return int(table["components"].to_numpy()[table["bic"].to_numpy().argmin()])


def colour_channels(image: Array) -> Array:
    """The picture without alpha, (height, width, 1) or (height, width, 3).

    Args:
        image: (height, width), or with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha)
            channels.

    Raises:
        ValueError: Another shape, or no pixel.
    """
    channels = 1 if image.ndim == 2 else image.shape[-1]
    if image.ndim not in (2, 3) or channels not in (1, 2, 3, 4) or image.size == 0:
        raise ValueError(
            "Expected a picture of (height, width), or with 1 to 4 channels, and at least one "
            f"pixel. Received: {image.shape}"
        )
    whole = image.reshape(*image.shape[:2], channels)
    return whole[..., :1] if channels < 3 else whole[..., :3]


def pixel_features(image: Array, position: float) -> Array:
    """(pixels, channels), or two more: row and column, a whole side being ``position``."""
    height, width, channels = image.shape
    colours = image.reshape(-1, channels).astype(np.float64)
    if not position:
        return colours
    y, x = np.mgrid[:height, :width].reshape(2, -1) * (position / max(height, width))
    return np.column_stack([colours, y, x])


def informative_columns(points: Array) -> list[int]:
    """Columns that vary and repeat no earlier one; the first, if none varies.

    A constant channel, or the three equal channels of a grey picture, would leave every component
    without variance in a direction.
    """
    picked: list[int] = []
    for column, values in enumerate(points.T):
        copies = any(np.array_equal(values, points[:, other]) for other in picked)
        if np.ptp(values) > 0 and not copies:
            picked.append(column)
    return picked or [0]


def _possible_components(params: ColourParams, different: int) -> list[int]:
    """The numbers of components, none above the number of different points; says so."""
    excess = [count for count in params.components if count > different]
    if excess:
        logger.warning(
            "Expected no more components than different %s, of which the picture has %d. "
            "Received: components=%s. %d taken instead",
            "pixels" if params.position else "colours",
            different,
            ", ".join(str(count) for count in excess),
            different,
        )
    return list(dict.fromkeys(min(count, different) for count in params.components))


def _fits(
    points: Array, counts: Array, params: ColourParams
) -> tuple[dict[int, GaussianMixture], pd.DataFrame]:
    """A mixture for each number of components, and the table of them."""
    settings = params.model_dump(include={"covariance", "restarts", "tol", "seed"})
    fits = {
        count: fit_mixture(points, count, sample_weight=counts, **settings)
        for count in _possible_components(params, len(points))
    }
    size, dimensions = counts.sum(), points.shape[1]
    rows = []
    for count, fit in fits.items():
        total = fit.log_likelihood
        bic = bayesian_information_criterion(total, size, count, dimensions, params.covariance)
        rows.append((count, total, bic, len(fit.history) - 1, fit.floored))
    columns = ["components", "log_likelihood", "bic", "steps", "floored"]
    return fits, pd.DataFrame(rows, columns=columns)


def cluster_colours(image: Array, params: ColourParams) -> ColourClusters:
    """A picture's pixels by a mixture of Gaussians, the number of components by BIC.

    Equal colours are counted once, with their number as weight. Alpha is left out, and so are
    channels that tell nothing (:func:`informative_columns`). There are no more components than
    different pixels.

    Args:
        image: (height, width), or (height, width, channels), grey or RGB, with or without alpha.
        params: Which features and mixtures.

    Raises:
        ValueError: Another shape, or values that are not finite.
    """
    picture = colour_channels(image)[:: params.shrink, :: params.shrink]
    features = pixel_features(picture, params.position)
    points, inverse, counts = np.unique(features, axis=0, return_inverse=True, return_counts=True)
    telling = points[:, informative_columns(points)]
    fits, table = _fits(telling, counts, params)
    best = fits[components_with_least_bic(table)]
    shares = best.responsibilities(telling)
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy = -(shares * logs).sum(axis=1)
    weights = shares * counts[:, None]
    mass = np.maximum(weights.sum(axis=0), np.finfo(np.float64).tiny)
    shape = picture.shape[:2]
    return ColourClusters(
        table,
        best,
        weights.T @ points[:, : picture.shape[2]] / mass[:, None],
        shares.argmax(axis=1)[inverse.ravel()].reshape(shape),
        entropy[inverse.ravel()].reshape(shape),
    )
