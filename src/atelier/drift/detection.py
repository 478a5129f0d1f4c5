"""Whether new images are like those that a network was judged on: two-sample tests, one flag."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import softmax

from atelier.calibration.density import DensityModel
from atelier.data.shares import rounded_share
from atelier.evaluation.intervals import wilson_interval
from atelier.training.fitting import predict_unit_logits
from atelier.types import Array, Metrics

CONTINUOUS = ("log_density", "confidence", "brightness", "contrast")
"""What the Kolmogorov-Smirnov test compares; the rest are counts."""


class ImageStatistics(NamedTuple):
    """What is measured of every image, (n,) each."""

    log_density: Array
    """Of the logits."""
    confidence: Array
    """The softmax's largest probability."""
    brightness: Array
    """Mean of the pixels."""
    contrast: Array
    """Their standard deviation."""
    rare: Array
    """Whether the density rejects it: what the other tests overlook, a few strangers."""
    predicted: Array
    """The class, an integer."""

    def part(self, rows: Array) -> "ImageStatistics":
        """The same of some images."""
        return ImageStatistics(*(values[rows] for values in self))


def image_statistics(model: Any, images: Array, density: DensityModel) -> ImageStatistics:
    """Measure every image.

    Args:
        model: Takes images in [0, 1], returns logits.
        images: (n, height, width, channels), in [0, 1].
        density: Fitted on the network's training logits, its threshold of rejection set.

    Raises:
        ValueError: Another shape than the network takes, or no image.
    """
    due = tuple(model.input_shape[1:])
    if len(images) == 0 or images.shape[1:] != due:
        raise ValueError(f"Expected images of (n ≥ 1, {due}). Received: {images.shape}")
    logits = predict_unit_logits(model, images)
    pixels = images.reshape(len(images), -1)
    return ImageStatistics(
        density.log_density(logits),
        softmax(logits.astype(np.float64), axis=1).max(axis=1),
        pixels.mean(axis=1),
        pixels.std(axis=1),
        density.rejects(logits),
        logits.argmax(axis=1),
    )


def two_sample_tests(
    reference: ImageStatistics, batch: ImageStatistics, *, alpha: float
) -> pd.DataFrame:
    """A row for each statistic: ``statistic, test, effect, p_value, adjusted, drifted``.

    ``effect`` is the largest distance of the two distribution functions, the difference of the two
    shares of rare images, or Cramér's V of the predicted classes; ``adjusted`` the p-value times
    the number of tests (Bonferroni), so that a batch from the same source raises any flag with a
    probability of at most ``alpha``.

    Args:
        reference: Ordinary images, not trained on.
        batch: The new ones, others than the reference's.
        alpha: Share of false alarms that is accepted, in (0, 1).
    """
    rows: list[tuple[str, str, float, float]] = []
    for name in CONTINUOUS:
        found = stats.ks_2samp(getattr(reference, name), getattr(batch, name), method="asymp")
        rows.append((name, "Kolmogorov-Smirnov", float(found.statistic), float(found.pvalue)))
    counts = np.array([[part.rare.sum(), (~part.rare).sum()] for part in (reference, batch)])
    rare = float(batch.rare.mean() - reference.rare.mean())
    rows.append(("rare", "Fisher's exact", rare, float(stats.fisher_exact(counts).pvalue)))
    rows.append(
        ("predicted", "chi-squared", *_classes_differ(reference.predicted, batch.predicted))
    )
    table = pd.DataFrame(rows, columns=["statistic", "test", "effect", "p_value"])
    table["adjusted"] = np.minimum(table["p_value"] * len(table), 1.0)
    table["drifted"] = table["adjusted"] < alpha
    return table


def _classes_differ(reference: Array, batch: Array) -> tuple[float, float]:
    """Cramér's V and the p-value of the two samples' class counts."""
    classes = np.union1d(reference, batch)
    if len(classes) < 2:
        return 0.0, 1.0
    counts = np.array([[(part == one).sum() for one in classes] for part in (reference, batch)])
    found = stats.chi2_contingency(counts, correction=False)
    return float(np.sqrt(found.statistic / counts.sum())), float(found.pvalue)


def alarm_rate(
    ordinary: ImageStatistics,
    changed: ImageStatistics,
    *,
    size: int,
    draws: int,
    alpha: float,
    seed: int,
) -> Metrics:
    """How often a batch raises the flag: ``share``, its 95 % Wilson interval, ``draws``.

    In every draw the images are shuffled: ``size`` of them, as changed, are the batch, the others,
    as they were, the reference. With ``changed`` the ordinary ones themselves this is the rate of
    false alarms.

    Args:
        ordinary: Of held-out images.
        changed: Of the same images in the same order under some change.
        size: Images of a batch.
        draws: How many batches.
        alpha: As for :func:`two_sample_tests`.
        seed: Of the shuffles.

    Raises:
        ValueError: A batch that would leave no reference.
    """
    count = len(ordinary.predicted)
    if not 0 < size < count:
        raise ValueError(f"Expected a batch of 1 … {count - 1} images. Received: size={size}")
    rng, raised = np.random.default_rng(seed), 0
    for _ in range(draws):
        order = rng.permutation(count)
        table = two_sample_tests(
            ordinary.part(order[size:]), changed.part(order[:size]), alpha=alpha
        )
        raised += bool(table["drifted"].any())
    low, high = wilson_interval(raised, draws)
    return {"share": raised / draws, "low": low, "high": high, "draws": float(draws)}


def mix_out_of_distribution(images: Array, strangers: Array, share: float, *, seed: int) -> Array:
    """The images with a random share of them replaced by strangers, drawn with replacement.

    Args:
        images: (n, height, width, channels).
        strangers: (m, height, width, channels), of the same kind.
        share: In [0, 1].
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    mixed = images.copy()
    rows = rng.permutation(len(images))[: rounded_share(share, len(images))]
    mixed[rows] = strangers[rng.integers(0, len(strangers), len(rows))]
    return mixed


def power_table(
    ordinary: ImageStatistics,
    changed: Mapping[tuple[str, float], ImageStatistics],
    *,
    size: int,
    draws: int,
    alpha: float,
    seed: int,
) -> pd.DataFrame:
    """A row for each change and level: ``change, level`` and what :func:`alarm_rate` tells."""
    rows = []
    for (change, level), seen in changed.items():
        told = alarm_rate(ordinary, seen, size=size, draws=draws, alpha=alpha, seed=seed)
        rows.append({"change": change, "level": level, "size": size} | told)
    return pd.DataFrame(rows)
