"""Clustering of an image's colours by a mixture of Gaussians."""

import logging
from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.clustering.dirichlet_process import fit_dirichlet_process
from atelier.clustering.information_criteria import (
    bayesian_information_criterion,
    integrated_completed_likelihood,
)
from atelier.clustering.mixture import GaussianMixture, fit_mixture, warn_if_floored
from atelier.clustering.params import ColourParams, CovarianceType
from atelier.evaluation.validation import real_numbers, require_finite
from atelier.types import Array, Metrics

logger = logging.getLogger(__name__)


class ColourClusters(NamedTuple):
    """Clusters of an image's pixels."""

    table: pd.DataFrame
    """A row for each number of components: ``components, log_likelihood, bic, icl, steps,
    floored``; with a Dirichlet process one, of the components that carry pixels."""
    mixture: GaussianMixture
    """The mixture with the least BIC, over the channels of :func:`informative_columns`."""
    colours: Array
    """Mean colour of each component, (components, channels), 1 or 3 channels."""
    labels: Array
    """Most probable component of each pixel, (height, width)."""
    entropy: Array
    """Entropy of the responsibilities of each pixel, (height, width), bits."""


def components_with_least_bic(table: pd.DataFrame) -> int:
    """Returns the number of components with the least BIC.

    Args:
        table: The table of :class:`ColourClusters`.

    Examples:
        >>> import pandas as pd
        >>> from atelier.clustering import components_with_least_bic
        >>> components_with_least_bic(pd.DataFrame({"components": [2, 3], "bic": [9.0, 7.5]}))
        3
    """
    return int(table["components"].to_numpy()[table["bic"].to_numpy().argmin()])


def colour_channels(image: Array) -> Array:
    """Returns an image without alpha, (height, width, 1) or (height, width, 3).

    Args:
        image: (height, width), or with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha)
            channels.

    Raises:
        ValueError: If the image has another shape or no pixel, or pixels that are masked or not
            finite.
    """
    image = real_numbers("pixels", image)
    channels = 1 if image.ndim == 2 else image.shape[-1]
    if image.ndim not in (2, 3) or channels not in (1, 2, 3, 4) or image.size == 0:
        raise ValueError(
            "Expected a picture of (height, width), or with 1 to 4 channels, and at least one "
            f"pixel. Received: {image.shape}"
        )
    require_finite("pixels", image)
    whole = image.reshape(*image.shape[:2], channels)
    return whole[..., :1] if channels < 3 else whole[..., :3]


def pixel_features(image: Array, position: float) -> Array:
    """Returns the colour of each pixel, and its position where that has a weight.

    Args:
        image: (height, width, channels).
        position: Value that a whole side of the image counts as; 0 leaves the position out.

    Returns:
        (pixels, channels), or with two more columns: row and column.
    """
    height, width, channels = image.shape
    colours = image.reshape(-1, channels).astype(np.float64)
    if not position:
        return colours
    y, x = np.mgrid[:height, :width].reshape(2, -1) * (position / max(height, width))
    return np.column_stack([colours, y, x])


def informative_columns(points: Array) -> list[int]:
    """Returns the columns that vary and repeat no earlier column; the first, if none varies.

    A constant channel, or the three equal channels of a grey image, would leave every component
    without variance in a direction.

    Args:
        points: (n, columns).

    Examples:
        >>> import numpy as np
        >>> from atelier.clustering import informative_columns
        >>> informative_columns(np.array([[1, 7, 1, 4], [2, 7, 2, 9]]))
        [0, 3]
    """
    columns: list[int] = []
    for column, values in enumerate(points.T):
        copies = any(np.array_equal(values, points[:, earlier]) for earlier in columns)
        if np.ptp(values) > 0 and not copies:
            columns.append(column)
    return columns or [0]


def _possible_components(params: ColourParams, different: int) -> list[int]:
    """Returns the numbers of components, none above the number of different points; warns."""
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


def _fit_each_number(points: Array, counts: Array, params: ColourParams) -> list[GaussianMixture]:
    """Returns a mixture for each number of components; with a Dirichlet process a single one."""
    settings = params.model_dump(include={"covariance", "restarts", "tol", "seed"})
    numbers = _possible_components(params, len(points))
    if params.concentration is not None:
        settings["concentration"] = params.concentration
        return [fit_dirichlet_process(points, max(numbers), sample_weight=counts, **settings)]
    return [
        fit_mixture(points, number, sample_weight=counts, warn=False, **settings)
        for number in numbers
    ]


def _criteria_table(
    fits: list[GaussianMixture], points: Array, counts: Array, covariance: CovarianceType
) -> pd.DataFrame:
    rows = []
    for fit in fits:
        number, total = len(fit.weights), fit.log_likelihood
        bic = bayesian_information_criterion(
            total, counts.sum(), number, points.shape[1], covariance
        )
        icl = integrated_completed_likelihood(bic, fit.responsibilities(points), counts)
        rows.append((number, total, bic, icl, len(fit.history) - 1, fit.floored))
    columns = ["components", "log_likelihood", "bic", "icl", "steps", "floored"]
    return pd.DataFrame(rows, columns=columns)


def cluster_colours(image: Array, params: ColourParams) -> ColourClusters:
    """Clusters an image's pixels by a mixture of Gaussians; BIC decides the number of components.

    With ``concentration`` a Dirichlet process decides it, up to the largest number of components.
    Equal colours are counted once, with their number as weight. Alpha is left out, and so are
    channels without information (:func:`informative_columns`). There are no more components than
    different pixels.

    Args:
        image: (height, width), or (height, width, channels), grey or RGB, with or without alpha.
        params: Features and mixtures.

    Raises:
        ValueError: If the image has another shape, or pixels that are masked or not finite.

    Examples:
        >>> import numpy as np
        >>> from atelier.clustering import ColourParams, cluster_colours
        >>> image = np.array([[10, 11, 12, 200], [10, 11, 201, 202]], np.uint8)
        >>> params = ColourParams(shrink=1, position=0, components=(1, 2), covariance="tied",
        ...                       concentration=None, restarts=1, tol=1e-6, seed=0)
        >>> clusters = cluster_colours(image, params)
        >>> np.sort(clusters.colours.round(1), axis=0).tolist()
        [[10.8], [201.0]]
    """
    picture = colour_channels(image)[:: params.shrink, :: params.shrink]
    features = pixel_features(picture, params.position)
    points, inverse, counts = np.unique(features, axis=0, return_inverse=True, return_counts=True)
    informative = points[:, informative_columns(points)]
    fits = _fit_each_number(informative, counts, params)
    table = _criteria_table(fits, informative, counts, params.covariance)
    best = fits[int(table["bic"].to_numpy().argmin())]
    warn_if_floored(best)
    shares = best.responsibilities(informative)
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


def colour_metrics(clusters: ColourClusters) -> Metrics:
    """Returns the numbers of components, the BIC and likelihood, and the mean entropy in bits."""
    return {
        "components": float(components_with_least_bic(clusters.table)),
        "components_by_icl": float(
            clusters.table["components"].to_numpy()[clusters.table["icl"].to_numpy().argmin()]
        ),
        "bic": float(clusters.table["bic"].min()),
        "log_likelihood": clusters.mixture.log_likelihood,
        "mean_entropy": float(clusters.entropy.mean()),
        "pixels": float(clusters.labels.size),
    }
