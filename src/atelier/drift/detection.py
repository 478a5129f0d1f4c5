"""Two-sample tests of new images against images on which a network was evaluated."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import softmax

from atelier.calibration.density import DensityModel
from atelier.drift.params import DriftParams
from atelier.training.prediction import predict_unit_logits
from atelier.types import Array, Arrays, Metrics

CONTINUOUS = ("log_density", "confidence", "brightness", "contrast")
"""Statistics that the Kolmogorov-Smirnov test compares; the others are counts."""


class ImageStatistics(NamedTuple):
    """The statistics of each of n images."""

    log_density: Array
    """Log density of the logits, (n,)."""
    confidence: Array
    """Largest softmax probability, (n,)."""
    brightness: Array
    """Mean of the pixels, (n,)."""
    contrast: Array
    """Standard deviation of the pixels, (n,)."""
    rare: Array
    """Whether the density model rejects the image, (n,) bool: detects a few foreign images."""
    predicted: Array
    """Predicted class, (n,) integers."""

    def part(self, rows: Array) -> "ImageStatistics":
        """Returns the statistics of some of the images."""
        return ImageStatistics(*(values[rows] for values in self))


def reference_density(logits: Arrays, params: DriftParams) -> DensityModel:
    """Fits the density model of training logits, with its threshold from the calibration split.

    Args:
        logits: ``train_logits``, (n, classes), ``train_labels``, (n,), and ``calibration_logits``.
        params: Type of the covariance, and the share of calibration logits that counts as rare.
    """
    density = DensityModel(params.covariance).fit(logits["train_logits"], logits["train_labels"])
    return density.set_rejection(logits["calibration_logits"], quantile=params.reject)


def batch_images(batch: Arrays) -> Array:
    """Returns the images of a batch, (n, height, width, channels) uint8.

    Args:
        batch: ``images``, (n, height, width[, channels]) uint8; a missing channel axis is added.

    Raises:
        ValueError: If there are no ``images``, or they are not uint8.
    """
    if "images" not in batch:
        raise ValueError(f"Expected an array 'images' in the batch. Received: {sorted(batch)}")
    images = np.asarray(batch["images"])
    if images.dtype != np.uint8:
        raise ValueError(f"Expected images of uint8, 0 … 255. Received: {images.dtype}")
    return images[..., None] if images.ndim == 3 else images


def image_statistics(model: Any, images: Array, density: DensityModel) -> ImageStatistics:
    """Returns the statistics of every image.

    Args:
        model: Takes images in [0, 1], returns logits.
        images: (n, height, width, channels), in [0, 1].
        density: Fitted on the network's training logits, with its threshold of rejection set.

    Returns:
        The statistics, (n,) each.

    Raises:
        ValueError: If the images have another shape than the network takes, or there are none.
    """
    due = tuple(model.input_shape[1:])
    if len(images) == 0 or images.shape[1:] != due:
        raise ValueError(f"Expected images of (n ≥ 1, {due}). Received: {images.shape}")
    logits = predict_unit_logits(model, images)
    pixels = images.reshape(len(images), -1)
    score = density.score(logits)
    return ImageStatistics(
        score.log_density,
        softmax(logits.astype(np.float64), axis=1).max(axis=1),
        pixels.mean(axis=1),
        pixels.std(axis=1),
        score.rejected,
        logits.argmax(axis=1),
    )


def two_sample_tests(
    reference: ImageStatistics, batch: ImageStatistics, *, alpha: float
) -> pd.DataFrame:
    """Returns a test of each statistic: whether batch and reference come from one source.

    A batch from the source of the reference has any ``drifted`` with a probability of at most
    ``alpha`` (Bonferroni).

    Args:
        reference: Of in-distribution images that were not trained on.
        batch: Of the new images, none of which is in the reference.
        alpha: Accepted probability of a false alarm, in (0, 1).

    Returns:
        A row for each statistic: ``statistic``; ``test``; ``effect``, the largest distance of the
        two distribution functions, the difference of the two shares of rare images, or Cramér's V
        of the predicted classes; ``p_value``; ``adjusted``, the p-value times the number of tests;
        ``drifted``.

    Examples:
        >>> import numpy as np
        >>> x, classes = np.linspace(0, 1, 50), np.arange(50) % 2
        >>> reference = ImageStatistics(x, x, x, x, x > 0.9, classes)
        >>> batch = reference._replace(brightness=x + 0.5)
        >>> table = two_sample_tests(reference, batch, alpha=0.01)
        >>> table.loc[table["drifted"], ["statistic", "effect"]].values.tolist()
        [['brightness', 0.5]]
    """
    rows: list[tuple[str, str, float, float]] = []
    for name in CONTINUOUS:
        result = stats.ks_2samp(getattr(reference, name), getattr(batch, name), method="asymp")
        rows.append((name, "Kolmogorov-Smirnov", float(result.statistic), float(result.pvalue)))
    counts = np.array([[part.rare.sum(), (~part.rare).sum()] for part in (reference, batch)])
    rare = float(batch.rare.mean() - reference.rare.mean())
    rows.append(("rare", "Fisher's exact", rare, float(stats.fisher_exact(counts).pvalue)))
    rows.append(
        ("predicted", "chi-squared", *_class_difference(reference.predicted, batch.predicted))
    )
    table = pd.DataFrame(rows, columns=["statistic", "test", "effect", "p_value"])
    table["adjusted"] = np.minimum(table["p_value"] * len(table), 1.0)
    table["drifted"] = table["adjusted"] < alpha
    return table


def _class_difference(reference: Array, batch: Array) -> tuple[float, float]:
    """Returns Cramér's V and the p-value of the class counts of two samples."""
    classes = np.union1d(reference, batch)
    if len(classes) < 2:
        return 0.0, 1.0
    counts = np.array([[(part == label).sum() for label in classes] for part in (reference, batch)])
    result = stats.chi2_contingency(counts, correction=False)
    return float(np.sqrt(result.statistic / counts.sum())), float(result.pvalue)


def drift_metrics(
    table: pd.DataFrame, reference: ImageStatistics, batch: ImageStatistics
) -> Metrics:
    """Returns the flag ``drifted``, the smallest adjusted p-value and the sizes of both samples.

    Args:
        table: From :func:`two_sample_tests`.
        reference: Of in-distribution images.
        batch: Of the new images.

    Returns:
        ``drifted`` (0 or 1), ``least_adjusted_p``, ``n`` (of the batch), ``reference_n``.
    """
    return {
        "drifted": float(table["drifted"].any()),
        "least_adjusted_p": float(table["adjusted"].min()),
        "n": float(len(batch.predicted)),
        "reference_n": float(len(reference.predicted)),
    }
