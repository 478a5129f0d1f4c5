"""The two facts as measured statements: what pictures look like, and where they came from."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from scipy.special import log_softmax, softmax

from atelier.calibration.density import Covariance, DensityModel
from atelier.evaluation.intervals import wilson_interval
from atelier.types import Array, Arrays, Labels, Metrics


class ConfidenceModels(NamedTuple):
    """What tells how sure to be of an image, fitted on ordinary ones."""

    temperature: float
    density: DensityModel
    ordinary: Array
    """Log densities of held-out real images, (n,)."""


def target_confidence(logits: Array, targets: Labels) -> Array:
    """The softmax probability of each target, (…, n).

    Args:
        logits: (…, n, classes).
        targets: (n,).
    """
    probs = softmax(np.asarray(logits, np.float64), axis=-1)
    return np.asarray(probs[..., np.arange(len(targets)), targets])


def error_probability(logits: Array, targets: Labels) -> Array:
    """1 - confidence, exact where the confidence rounds to 1."""
    logs = log_softmax(np.asarray(logits, np.float64), axis=-1)
    return np.asarray(-np.expm1(logs[..., np.arange(len(targets)), targets]))


def _far(images: Array, others: Array) -> Array:
    """Root mean square difference per pixel, (images, others)."""
    own, other = (one.reshape(len(one), -1).astype(np.float64) for one in (images, others))
    return np.asarray(cdist(own, other) / np.sqrt(own.shape[1]))


def class_distances(images: Array, targets: Labels, real: Array, labels: Labels) -> pd.DataFrame:
    """Returns each image's ``distance_to_mean`` and ``distance_to_nearest`` of its class.

    Both are root mean square differences per pixel, images in [0, 1].

    Args:
        images: (n, height, width, channels).
        targets: (n,).
        real: Images of the classes, (m, height, width, channels).
        labels: (m,).
    """
    rows = np.empty((len(images), 2))
    for label in np.unique(targets):
        own, chosen = real[labels == label], targets == label
        rows[chosen, 0] = _far(images[chosen], own.mean(axis=0, keepdims=True))[:, 0]
        rows[chosen, 1] = _far(images[chosen], own).min(axis=1)
    return pd.DataFrame(rows, columns=["distance_to_mean", "distance_to_nearest"])


def score_maximized_images(
    logits: Array, second: Array, targets: Labels, judges: ConfidenceModels
) -> pd.DataFrame:
    """What is thought of each image, a row an image.

    ``confidence`` is the softmax's, ``calibrated`` after the temperature, ``density_confidence``
    the posterior of the Gaussians; ``log_density`` and ``typicality_quantile`` (share of
    ordinary images that are more likely) say how near to any data it is; ``second_confidence`` and
    ``agrees`` are an independent network's.

    Args:
        logits: (n, classes), of the network that was maximized.
        second: (n, classes), of the other.
        targets: (n,).
        judges: Fitted on ordinary images.
    """
    rows = np.arange(len(targets))
    log_density = judges.density.log_density(logits)
    return pd.DataFrame(
        {
            "confidence": target_confidence(logits, targets),
            "calibrated": target_confidence(logits / judges.temperature, targets),
            "density_confidence": judges.density.posterior(logits)[rows, targets],
            "log_density": log_density,
            "typicality_quantile": (judges.ordinary[None] > log_density[:, None]).mean(axis=1),
            "second_confidence": target_confidence(second, targets),
            "agrees": second.argmax(axis=1) == targets,
        }
    )


def start_distances(results: Mapping[str, Array]) -> pd.DataFrame:
    """Distance of the results from every two starts, a row a pair: ``first, second, distance``.

    The root mean square difference per pixel of the same class's images, the classes' mean; and
    the classes' smallest and largest.

    Args:
        results: For each start, an image a class, (classes, height, width, channels).
    """
    names = list(results)
    rows = []
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            gap = (results[first] - results[second]).astype(np.float64)
            far = np.sqrt((gap**2).mean(axis=(1, 2, 3)))
            rows.append((first, second, far.mean(), far.min(), far.max()))
    return pd.DataFrame(rows, columns=["first", "second", "distance", "least", "most"])


def maximization_metrics(
    table: pd.DataFrame, distances: pd.DataFrame, baseline: pd.DataFrame
) -> Metrics:
    """The numbers of every way up, with what real held-out images give.

    Args:
        table: A row an image, column ``way`` and those of :func:`likeness` and :func:`judged`.
        distances: From :func:`start_distances`.
        baseline: :func:`likeness` of held-out real images.
    """
    metrics: Metrics = {
        "real.distance_to_mean": float(baseline["distance_to_mean"].mean()),
        "real.distance_to_nearest": float(baseline["distance_to_nearest"].mean()),
    }
    for way, rows in table.groupby("way", sort=False):
        agreed, count = int(rows["agrees"].sum()), len(rows)
        low, high = wilson_interval(agreed, count)
        metrics |= {
            f"{way}.images": float(count),
            f"{way}.confidence": float(rows["confidence"].mean()),
            f"{way}.least_confidence": float(rows["confidence"].min()),
            f"{way}.second_agrees": agreed / count,
            f"{way}.second_agrees_low": low,
            f"{way}.second_agrees_high": high,
            f"{way}.distance_to_mean": float(rows["distance_to_mean"].mean()),
            f"{way}.distance_to_nearest": float(rows["distance_to_nearest"].mean()),
            f"{way}.typicality_quantile": float(rows["typicality_quantile"].mean()),
        }
    alike = distances["first"].str.startswith("random") & distances["second"].str.startswith(
        "random"
    )
    for name, rows in (("seeds", distances[alike]), ("starts", distances[~alike])):
        if len(rows):
            metrics[f"between_{name}"] = float(rows["distance"].mean())
    return metrics


def border_metrics(inside: Mapping[str, Array], targets: Labels) -> Metrics:
    """Confidence once the border is 0, by kind of start: the classes' mean and least.

    Args:
        inside: Logits without the border by start, (classes, classes) each.
        targets: (classes,).
    """
    groups: dict[str, list[Array]] = {}
    for name, logits in inside.items():
        groups.setdefault(name.rstrip("0123456789"), []).append(target_confidence(logits, targets))
    metrics: Metrics = {}
    for kind, values in groups.items():
        metrics[f"{kind}.confidence_without_border"] = float(np.mean(values))
        metrics[f"{kind}.least_without_border"] = float(np.min(values))
    return metrics


def fit_confidence_models(logits: Arrays, covariance: Covariance) -> ConfidenceModels:
    """Temperature from the calibration split, Gaussians from training, densities of the test's.

    Args:
        logits: ``train_logits``, ``train_labels``, … of the splits train, calibration and test.
        covariance: Of :class:`DensityModel`.
    """
    from atelier.calibration.scaling import TemperatureScaling

    scaling = TemperatureScaling().fit(logits["calibration_logits"], logits["calibration_labels"])
    density = DensityModel(covariance).fit(logits["train_logits"], logits["train_labels"])
    return ConfidenceModels(
        scaling.temperature_, density, density.log_density(logits["test_logits"])
    )
