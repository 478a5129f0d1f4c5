"""Accuracy and confidence of a network under changed and out-of-distribution images."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from atelier.calibration.adversarial import fast_gradient_sign
from atelier.calibration.confidence import confidence_scores
from atelier.calibration.density import DensityModel
from atelier.calibration.params import ShiftParams
from atelier.data.corruptions import corrupt
from atelier.data.glyphs import draw_glyphs
from atelier.data.shapes import match_images
from atelier.data.splits import random_subset
from atelier.evaluation.detection import detection_intervals, detection_metrics
from atelier.evaluation.intervals import with_interval
from atelier.training.batches import to_unit
from atelier.training.prediction import predict_unit_logits
from atelier.types import Array, Arrays

ADVERSARIAL = "fgsm"
UNCHANGED = "none"


class ShiftedImages(NamedTuple):
    """Images under one change, with the network's logits and confidence scores."""

    change: str
    """``none``, a corruption, ``fgsm``, or the name of out-of-distribution images."""
    level: float
    """Strength of the change; 0 for ``none`` and for out-of-distribution images."""
    images: Array
    """(n, height, width, channels), in [0, 1]."""
    logits: Array
    """(n, classes)."""
    scores: Mapping[str, Array]
    """Each confidence score, (n,)."""
    rejected: Array
    """Whether the density model rejects the image, (n,) bool."""

    @property
    def has_labels(self) -> bool:
        """Whether the images are of the network's classes."""
        return self.level != 0 or self.change == UNCHANGED


def out_of_distribution_images(
    characters: Arrays,
    character_classes: Sequence[str],
    classes: Sequence[str],
    params: ShiftParams,
) -> dict[str, Array]:
    """Returns images of no class of a network: drawn symbols, and characters that are no class.

    Args:
        characters: ``images``, (m, height, width, channels) uint8, and ``labels``, (m,).
        character_classes: Names of the classes of the characters.
        classes: Names of the network's classes.
        params: The symbols, the largest number of letters, and the seed.

    Returns:
        ``symbols`` and, if some characters are no class of the network, ``letters``; uint8 each.
    """
    symbols, _ = draw_glyphs(params.symbols, params.symbols_per_class, seed=params.seed)
    shared = np.array([name in classes for name in character_classes])
    shuffled = random_subset(characters, seed=params.seed)
    letters = shuffled["images"][~shared[shuffled["labels"]]][: params.images]
    return {"symbols": symbols} | ({"letters": letters} if len(letters) else {})


def shifted_images(
    model: Any,
    test: Arrays,
    out_of_distribution: Arrays,
    levels: Mapping[Any, tuple[float, ...]],
    *,
    temperature: float,
    density: DensityModel,
    seed: int,
) -> Iterator[ShiftedImages]:
    """Yields the test images unchanged, then under every change, then out-of-distribution images.

    Args:
        model: Takes images in [0, 1], returns logits.
        test: ``images``, (n, height, width, channels) uint8, and ``labels``, (n,).
        out_of_distribution: Images of no class of the network, uint8, by name; they get the shape
            of the test images.
        levels: For each change (of CORRUPTIONS, or ``fgsm``) its levels.
        temperature: T of temperature scaling, > 0.
        density: Fitted on the training logits, with its threshold of rejection set.
        seed: Seed of the changes.

    Yields:
        The images with logits and scores, one change and level at a time.
    """

    def scored(change: str, level: float, images: Array) -> ShiftedImages:
        logits = predict_unit_logits(model, images)
        scores = confidence_scores(logits, temperature=temperature, density=density)
        rejected = scores["log_density"] < density.reject_below
        return ShiftedImages(change, level, images, logits, scores, rejected)

    images, labels = to_unit(test["images"]), test["labels"]
    yield scored(UNCHANGED, 0.0, images)
    for change, strengths in levels.items():
        for level in strengths:
            if change == ADVERSARIAL:
                changed = fast_gradient_sign(model, images, labels, epsilon=level)
            else:
                changed = corrupt(images, change, level, seed=seed)
            yield scored(change, level, changed)
    for name, foreign in out_of_distribution.items():
        yield scored(name, 0.0, to_unit(match_images(foreign, images.shape[1:])))


def shift_row(shifted: ShiftedImages, labels: Array) -> dict[str, Any]:
    """Returns accuracy, mean scores and the share of rejected images under one change.

    Args:
        shifted: Images under one change.
        labels: True classes, (n,); not used for out-of-distribution images.

    Returns:
        ``change, level, n``, ``accuracy`` with its 95 % interval (NaN for out-of-distribution
        images), the mean of each score, and ``rejected`` with its interval.
    """
    n = len(shifted.logits)
    accuracy = dict.fromkeys(("accuracy", "accuracy_low", "accuracy_high"), np.nan)
    if shifted.has_labels:
        correct = int((shifted.logits.argmax(axis=1) == labels).sum())
        accuracy = with_interval("accuracy", correct, n)
    return (
        {"change": shifted.change, "level": shifted.level, "n": n}
        | accuracy
        | {name: float(score.mean()) for name, score in shifted.scores.items()}
        | with_interval("rejected", int(shifted.rejected.sum()), n)
    )


def detection_rows(
    unchanged: ShiftedImages, shifted: ShiftedImages, *, seed: int, resamples: int
) -> list[dict[str, Any]]:
    """Returns how well each score separates changed images from unchanged ones.

    Args:
        unchanged: The images as they are.
        shifted: Images under one change.
        seed: Seed of the bootstrap.
        resamples: Number of its resamples.

    Returns:
        A row for each score: ``change, level, score, n`` and the metrics of detection with the
        limits of their 95 % intervals.
    """
    rows = []
    for name, score in shifted.scores.items():
        pair = unchanged.scores[name], score
        low, high = detection_intervals(*pair, seed=seed, resamples=resamples)
        row = {"change": shifted.change, "level": shifted.level, "score": name, "n": len(score)}
        row |= detection_metrics(*pair)._asdict()
        row |= {f"{key}_low": value for key, value in low._asdict().items()}
        row |= {f"{key}_high": value for key, value in high._asdict().items()}
        rows.append(row)
    return rows


def shift_tables(
    shifted: list[ShiftedImages], labels: Array, *, seed: int, resamples: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns tables of accuracy and of detection under every change.

    Args:
        shifted: From :func:`shifted_images`; the first ones are unchanged.
        labels: True classes of the test images, (n,).
        seed: Seed of the bootstrap.
        resamples: Number of its resamples.

    Returns:
        The accuracy table, a row for each change (see :func:`shift_row`), and the detection table,
        a row for each change and score (see :func:`detection_rows`).
    """
    unchanged, *changed = shifted
    accuracy_table = pd.DataFrame([shift_row(images, labels) for images in shifted])
    detection_table = pd.DataFrame(
        row
        for images in changed
        for row in detection_rows(unchanged, images, seed=seed, resamples=resamples)
    )
    return accuracy_table, detection_table
