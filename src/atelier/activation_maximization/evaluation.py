"""How confident classifiers are of maximized images, and how far these are from real ones."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, softmax

from atelier.calibration.density import Covariance, DensityModel
from atelier.calibration.temperature import TemperatureScaling
from atelier.evaluation.intervals import with_interval
from atelier.types import Array, Arrays, Labels, Metrics

Classify = Callable[[Array], Array]
"""From images in [0, 1], (n, height, width, channels), to logits, (n, classes)."""


class ConfidenceModels(NamedTuple):
    """Models of confidence that are fitted on real images."""

    temperature: float
    density: DensityModel
    reference_log_density: Array
    """Log density of the test images, (n,)."""


class RealImages(NamedTuple):
    """Images of the classes with their labels."""

    images: Array
    """(n, height, width, channels), in [0, 1]."""
    labels: Labels


class ClassImages(NamedTuple):
    """Maximized images, one of each class, from one start."""

    method: str
    """Of a descent the start, of an ascent the preset."""
    start: str
    draw: int
    images: Array
    """(classes, height, width, channels)."""


def fit_confidence_models(logits: Arrays, covariance: Covariance) -> ConfidenceModels:
    """Fits the temperature on the calibration split and the class densities on the training split.

    Args:
        logits: ``train_logits``, ``train_labels``, … of the splits train, calibration and test.
        covariance: Kind of covariance of :class:`atelier.calibration.DensityModel`.
    """
    scaling = TemperatureScaling().fit(logits["calibration_logits"], logits["calibration_labels"])
    density = DensityModel(covariance).fit(logits["train_logits"], logits["train_labels"])
    return ConfidenceModels(
        scaling.temperature_, density, density.log_density(logits["test_logits"])
    )


def target_confidence(logits: Array, targets: Labels) -> Array:
    """Returns the softmax probability of each target, (…, n), for logits (…, n, classes).

    Examples:
        >>> import numpy as np
        >>> from atelier.activation_maximization.evaluation import target_confidence
        >>> target_confidence(np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([0, 0])).round(4)
        array([0.5   , 0.9526])
    """
    probs = softmax(np.asarray(logits, np.float64), axis=-1)
    return np.asarray(probs[..., np.arange(len(targets)), targets])


def error_probability(logits: Array, targets: Labels) -> Array:
    """Returns 1 - confidence, (…, n), for logits (…, n, classes), without rounding to 0.

    Examples:
        >>> import numpy as np
        >>> from atelier.activation_maximization.evaluation import error_probability
        >>> error = error_probability(np.array([[50.0, 0.0]]), np.array([0]))
        >>> print(f"{error[0]:.2e}")
        1.93e-22
    """
    logits = np.asarray(logits, np.float64)
    rest_logits = logits.copy()
    rest_logits[..., np.arange(len(targets)), targets] = -np.inf
    return np.asarray(np.exp(logsumexp(rest_logits, axis=-1) - logsumexp(logits, axis=-1)))


def _distances(images: Array, references: Array) -> Array:
    """Returns root mean square differences per pixel, (images, references)."""
    flat, flat_references = (
        batch.reshape(len(batch), -1).astype(np.float64) for batch in (images, references)
    )
    return np.asarray(cdist(flat, flat_references) / np.sqrt(flat.shape[1]))


def class_distances(images: Array, targets: Labels, real: RealImages) -> pd.DataFrame:
    """Returns the distance of each image to the mean and to the nearest image of its class.

    Args:
        images: (n, height, width, channels).
        targets: Class of each image, (n,).
        real: Images of the classes.

    Returns:
        Columns ``distance_to_mean`` and ``distance_to_nearest``, a row for each image: root mean
        square differences per pixel, images in [0, 1].
    """
    rows = np.empty((len(images), 2))
    for label in np.unique(targets):
        class_images, is_target = real.images[real.labels == label], targets == label
        mean = class_images.mean(axis=0, keepdims=True)
        rows[is_target, 0] = _distances(images[is_target], mean)[:, 0]
        rows[is_target, 1] = _distances(images[is_target], class_images).min(axis=1)
    return pd.DataFrame(rows, columns=["distance_to_mean", "distance_to_nearest"])


def score_logits(
    logits: Array, second_logits: Array, targets: Labels, models: ConfidenceModels
) -> pd.DataFrame:
    """Returns the confidence in each image's target by several models.

    Args:
        logits: Logits of the network that was maximized, (n, classes).
        second_logits: Logits of an independent network, (n, classes).
        targets: Target class of each image, (n,).
        models: Models that were fitted on real images.

    Returns:
        A row for each image. ``confidence`` is the softmax probability, ``calibrated`` the same
        after temperature scaling, ``density_confidence`` the posterior of the class densities;
        ``log_density`` and ``typicality_quantile`` (the share of test images of higher density)
        say how near the image is to the data; ``second_confidence`` and ``second_agrees`` belong
        to the independent network.
    """
    rows = np.arange(len(targets))
    log_density = models.density.log_density(logits)
    denser = models.reference_log_density[None] > log_density[:, None]
    return pd.DataFrame(
        {
            "confidence": target_confidence(logits, targets),
            "calibrated": target_confidence(logits / models.temperature, targets),
            "density_confidence": models.density.posterior(logits)[rows, targets],
            "log_density": log_density,
            "typicality_quantile": denser.mean(axis=1),
            "second_confidence": target_confidence(second_logits, targets),
            "second_agrees": second_logits.argmax(axis=1) == targets,
        }
    )


def final_images(descent: Arrays, ascent: Arrays) -> list[ClassImages]:
    """Returns the last images of every start of a descent, then those of every preset.

    Args:
        descent: As :func:`atelier.activation_maximization.descend_from_starts` returns it.
        ascent: As :func:`atelier.activation_maximization.maximize_presets` returns it.
    """
    starts = zip(
        descent["start"], descent["start"], descent["draw"], descent["images"], strict=True
    )
    presets = zip(ascent["preset"], ascent["start"], ascent["draw"], ascent["images"], strict=True)
    return [
        *(ClassImages(str(m), str(s), int(d), images[-1]) for m, s, d, images in starts),
        *(ClassImages(str(m), str(s), int(d), images) for m, s, d, images in presets),
    ]


def score_images_table(
    image_sets: Sequence[ClassImages],
    networks: tuple[Classify, Classify],
    models: ConfidenceModels,
    real: RealImages,
) -> pd.DataFrame:
    """Scores every image by confidence and by its distance to real images of its class.

    Args:
        image_sets: Images of every class by method and start.
        networks: The network that was maximized, and an independent one.
        models: Models that were fitted on real images.
        real: Training images.

    Returns:
        A row for each image: the columns of :func:`score_logits` and :func:`class_distances`, and
        ``method``, ``start``, ``draw`` and ``label``.
    """
    tables = []
    for method, start, draw, images in image_sets:
        targets = np.arange(len(images))
        logits, second_logits = (classify(images) for classify in networks)
        scores = score_logits(logits, second_logits, targets, models)
        table = pd.concat([scores, class_distances(images, targets, real)], axis=1)
        tables.append(table.assign(method=method, start=start, draw=draw, label=targets))
    return pd.concat(tables, ignore_index=True)


def start_distances(image_sets: Sequence[ClassImages]) -> pd.DataFrame:
    """Returns the distances between the results of every two starts.

    Args:
        image_sets: Images of every class by start.

    Returns:
        A row for each pair of starts, ``start``, ``draw``, ``second_start`` and ``second_draw``,
        with the mean ``distance`` of the two images of a class, and ``min_distance`` and
        ``max_distance`` over the classes: root mean square differences per pixel.
    """
    rows = []
    for first, second in combinations(image_sets, 2):
        difference = (first.images - second.images).astype(np.float64)
        distances = np.sqrt((difference**2).mean(axis=(1, 2, 3)))
        rows.append(
            {
                "start": first.start,
                "draw": first.draw,
                "second_start": second.start,
                "second_draw": second.draw,
                "distance": distances.mean(),
                "min_distance": distances.min(),
                "max_distance": distances.max(),
            }
        )
    return pd.DataFrame(rows)


def maximization_metrics(
    table: pd.DataFrame, distances: pd.DataFrame, real_distances: pd.DataFrame
) -> Metrics:
    """Summarises the scores by method, beside the distances of real images.

    Args:
        table: A row for each image, as :func:`score_images_table` returns it.
        distances: Distances between starts, as :func:`start_distances` returns it.
        real_distances: :func:`class_distances` of held-out real images.

    Returns:
        Means by method as ``<method>.<score>``, the second network's agreement with its 95 %
        interval, and mean distances between draws and between kinds of start.
    """
    metrics: Metrics = {
        f"real.{column}": float(real_distances[column].mean())
        for column in ("distance_to_mean", "distance_to_nearest")
    }
    for method, rows in table.groupby("method", sort=False):
        scores = {
            "images": float(len(rows)),
            "confidence": float(rows["confidence"].mean()),
            "min_confidence": float(rows["confidence"].min()),
            **with_interval("second_agreement", int(rows["second_agrees"].sum()), len(rows)),
            "distance_to_mean": float(rows["distance_to_mean"].mean()),
            "distance_to_nearest": float(rows["distance_to_nearest"].mean()),
            "typicality_quantile": float(rows["typicality_quantile"].mean()),
        }
        metrics |= {f"{method}.{name}": value for name, value in scores.items()}
    return metrics | _mean_start_distances(distances)


def _mean_start_distances(distances: pd.DataFrame) -> Metrics:
    same_kind = distances["start"] == distances["second_start"]
    groups = {
        "distance_between_draws": distances.loc[same_kind, "distance"],
        "distance_between_starts": distances.loc[~same_kind, "distance"],
    }
    return {name: float(values.mean()) for name, values in groups.items() if len(values)}


def border_metrics(starts: Array, border_logits: Array) -> Metrics:
    """Returns the mean and the least confidence with a border of zeros, by kind of start.

    Args:
        starts: Kind of each start, (starts,).
        border_logits: Logits of the image of every class with its border set to 0,
            (starts, classes, classes).

    Returns:
        ``<start>.confidence_without_border`` and ``<start>.min_confidence_without_border``.
    """
    confidences = target_confidence(border_logits, np.arange(border_logits.shape[-1]))
    metrics: Metrics = {}
    for start in dict.fromkeys(starts.tolist()):
        values = confidences[starts == start]
        metrics[f"{start}.confidence_without_border"] = float(np.mean(values))
        metrics[f"{start}.min_confidence_without_border"] = float(np.min(values))
    return metrics
