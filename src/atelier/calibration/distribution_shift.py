"""How a network and its confidences take what they were not trained on."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from atelier.calibration.adversarial import fast_gradient_sign
from atelier.calibration.confidence import confidence_scores
from atelier.calibration.density import DensityModel
from atelier.data.corruptions import corrupt
from atelier.evaluation.detection import detection_intervals, detection_metrics
from atelier.evaluation.intervals import wilson_interval
from atelier.training.batches import to_unit
from atelier.training.fitting import predict_unit_logits
from atelier.types import Array, Arrays

ADVERSARIAL = "fgsm"


class ShiftedImages(NamedTuple):
    """Images under one change, what the network says of them, and how sure each score is."""

    change: str
    level: float
    images: Array
    logits: Array
    scores: Mapping[str, Array]
    rejected: Array


def shifted_images(
    model: Any,
    test: Arrays,
    strangers: Arrays,
    levels: Mapping[Any, tuple[float, ...]],
    *,
    temperature: float,
    density: DensityModel,
    seed: int,
) -> Iterator[ShiftedImages]:
    """The test images as they are, then under every change and level, then the strangers.

    Args:
        model: Takes images in [0, 1], returns logits.
        test: ``images`` (n, height, width, channels) uint8 and ``labels`` (n,).
        strangers: Images, uint8, of what is none of the classes, by name.
        levels: For each change (of CORRUPTIONS, or ``fgsm``) its levels.
        temperature: Of temperature scaling.
        density: Fitted on the training logits, with its threshold set.
        seed: Of the changes.
    """
    images, labels = to_unit(test["images"]), test["labels"]

    def seen(change: str, level: float, pictures: Array) -> ShiftedImages:
        logits = predict_unit_logits(model, pictures)
        scores = confidence_scores(logits, temperature=temperature, density=density)
        rejected = scores["log_density"] < density.reject_below
        return ShiftedImages(change, level, pictures, logits, scores, rejected)

    yield seen("none", 0.0, images)
    for change, strengths in levels.items():
        for level in strengths:
            if change == ADVERSARIAL:
                moved = fast_gradient_sign(model, images, labels, epsilon=level)
            else:
                moved = corrupt(images, change, level, seed=seed)
            yield seen(change, level, moved)
    for name, pictures in strangers.items():
        yield seen(name, 0.0, to_unit(pictures))


def shift_row(shifted: ShiftedImages, labels: Array) -> dict[str, Any]:
    """Accuracy with its interval (none for strangers), mean of each score, share rejected."""
    n = len(shifted.logits)
    row: dict[str, Any] = {"change": shifted.change, "level": shifted.level, "n": n}
    strange = shifted.level == 0 and shifted.change != "none"
    right = 0 if strange else int((shifted.logits.argmax(axis=1) == labels).sum())
    limits = (np.nan, np.nan) if strange else wilson_interval(right, n)
    rejected = int(shifted.rejected.sum())
    low, high = wilson_interval(rejected, n)
    return (
        row
        | {"accuracy": np.nan if strange else right / n}
        | dict(zip(("accuracy_low", "accuracy_high"), limits, strict=True))
        | {name: float(score.mean()) for name, score in shifted.scores.items()}
        | {"rejected": rejected / n, "rejected_low": low, "rejected_high": high}
    )


def detection_rows(
    ordinary: ShiftedImages, shifted: ShiftedImages, *, seed: int, resamples: int
) -> list[dict[str, Any]]:
    """A row for each score: how well it tells ``shifted`` from ``ordinary``, with intervals."""
    rows = []
    for name, score in shifted.scores.items():
        pair = ordinary.scores[name], score
        found = detection_metrics(*pair)._asdict()
        low, high = detection_intervals(*pair, seed=seed, resamples=resamples)
        limits = {f"{key}_low": value for key, value in low._asdict().items()}
        limits |= {f"{key}_high": value for key, value in high._asdict().items()}
        kind = {"change": shifted.change, "level": shifted.level, "score": name, "n": len(score)}
        rows.append(kind | found | limits)
    return rows


def shift_tables(
    seen: list[ShiftedImages], labels: Array, *, seed: int, resamples: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What happens to accuracy and confidences, and who notices: a table each."""
    ordinary, *changed = seen
    happened = pd.DataFrame([shift_row(one, labels) for one in seen])
    noticed = [
        row
        for one in changed
        for row in detection_rows(ordinary, one, seed=seed, resamples=resamples)
    ]
    return happened, pd.DataFrame(noticed)
