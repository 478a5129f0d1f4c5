"""How well confidence scores tell a model's right predictions from its wrong ones."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import softmax

from atelier.calibration.confidence import confidence_scores
from atelier.calibration.density import Covariance, DensityModel
from atelier.calibration.own_logits import Kind
from atelier.calibration.temperature import softmax_at
from atelier.evaluation.detection import detection_intervals, detection_metrics
from atelier.evaluation.validation import real_numbers, unmasked
from atelier.types import Array, Arrays


class MistakeStudy(NamedTuple):
    """Confidence scores of the test part, and how well each separates right from wrong."""

    table: pd.DataFrame
    """From :func:`mistakes_table`."""
    scores: Arrays
    """Each confidence score of the test part, (n,)."""
    correct: Array
    """Whether each prediction is right, (n,) bool."""
    density: Arrays
    """The density model's arrays, and ``fitted_to``, the name of a part; none for probabilities."""

    @property
    def log_density(self) -> Array | None:
        """Of the logits, (n,); None for probabilities."""
        return self.scores.get("log_density")

    @property
    def reject_below(self) -> float:
        """The log density below which an example is rejected; −inf for probabilities."""
        return float(self.density.get("reject_below", -np.inf))

    @property
    def density_part(self) -> str:
        """The part to which the density model was fitted; empty for probabilities."""
        return str(self.density.get("fitted_to", ""))


def study_mistakes(
    parts: Arrays,
    kind: Kind,
    *,
    temperature: float,
    seed: int,
    resamples: int,
    covariance: Covariance = "diagonal",
    reject: float = 0.02,
) -> MistakeStudy:
    """Computes confidence scores of the test part, and how well each finds mistakes.

    A density of logits is modelled where they are logits: probabilities have lost their scale, and
    a Gaussian does not describe their logarithms.

    Args:
        parts: From :func:`atelier.calibration.divide_logits`.
        kind: What the values were.
        temperature: T of temperature scaling.
        seed: Seed of the bootstrap.
        resamples: Samples that it draws.
        covariance: Kind of covariance of the density model.
        reject: Share of the calibration part that the density model rejects.

    Returns:
        The scores of the test part, and how well each finds mistakes.
    """
    logits, density, part = parts["test_logits"], None, ""
    if kind == "logits":
        part = "train" if "train_logits" in parts else "calibration"
        density = DensityModel(covariance).fit(parts[f"{part}_logits"], parts[f"{part}_labels"])
        density.set_rejection(parts["calibration_logits"], quantile=reject)
    scores = mistake_scores(logits, temperature=temperature, density=density)
    correct = np.asarray(logits.argmax(axis=1) == parts["test_labels"])
    return MistakeStudy(
        table=mistakes_table(scores, correct, seed=seed, resamples=resamples),
        scores=scores,
        correct=correct,
        density=density.arrays() | {"fitted_to": np.array(part)} if density else {},
    )


def mistake_scores(
    logits: Array, *, temperature: float, density: DensityModel | None
) -> dict[str, Array]:
    """Returns confidence scores, (n,) each, higher where the model is more confident.

    Args:
        logits: (n, classes).
        temperature: T of temperature scaling.
        density: A density model of logits; None for probabilities, of which only the softmax has a
            meaning.

    Returns:
        The scores by name.
    """
    if density is not None:
        return confidence_scores(logits, temperature=temperature, density=density)
    return {
        "softmax": softmax(logits, axis=1).max(axis=1),
        "temperature": softmax_at(logits, temperature).max(axis=1),
    }


def mistakes_table(
    scores: Mapping[str, Array], correct: Array, *, seed: int, resamples: int
) -> pd.DataFrame:
    """Returns how well each score separates right predictions from wrong ones.

    Args:
        scores: Confidences, (n,) each.
        correct: Whether each prediction is right, (n,) bool.
        seed: Seed of the bootstrap.
        resamples: Samples that it draws.

    Returns:
        A row for each score: ``score``, ``right`` and ``wrong``, the numbers of predictions,
        ``auroc``, ``aupr`` and ``fpr95`` with limits of their 95 % intervals; without rows where
        all predictions are right, or all are wrong.

    Raises:
        ValueError: If ``correct`` is not of Booleans, or scores are not finite
            or of another number.
    """
    correct = unmasked("correct", correct)
    scores = {name: real_numbers(name, values) for name, values in scores.items()}
    if correct.dtype != bool or any(score.shape != correct.shape for score in scores.values()):
        shapes = ", ".join(f"{name} {values.shape}" for name, values in scores.items())
        raise ValueError(
            "Expected a Boolean and a score of each prediction. "
            f"Received: {correct.dtype} {correct.shape}, {shapes}"
        )
    if correct.all() or not correct.any():
        return pd.DataFrame(columns=["score", "right", "wrong", "auroc", "auroc_low", "auroc_high"])
    rows: list[dict[str, Any]] = []
    for name, values in scores.items():
        pair = values[correct], values[~correct]
        low, high = detection_intervals(*pair, seed=seed, resamples=resamples)
        row = {"score": name, "right": len(pair[0]), "wrong": len(pair[1])}
        row |= detection_metrics(*pair)._asdict()
        row |= {f"{key}_low": value for key, value in low._asdict().items()}
        rows.append(row | {f"{key}_high": value for key, value in high._asdict().items()})
    return pd.DataFrame(rows)
