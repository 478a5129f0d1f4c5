"""Monte Carlo dropout (Gal & Ghahramani 2016): many masks at test time."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import softmax

from atelier.dropout.networks import Weights, forward
from atelier.evaluation.calibration_error import expected_calibration_error
from atelier.evaluation.detection import detection_intervals, detection_metrics
from atelier.evaluation.scoring_rules import negative_log_likelihood
from atelier.types import Array, Labels

PROBABILITY_FLOOR = 1e-30
"""Smaller probabilities count as this, so that the likelihood is finite."""


class MonteCarloDropout(NamedTuple):
    """The predictions of many thinned networks for n samples (Gal & Ghahramani 2016)."""

    mean: Array
    """Mean probabilities, (n, classes)."""
    spread: Array
    """Standard deviation of the predicted class' probability over the masks, (n,)."""


class Confidence(NamedTuple):
    """A confidence score, and the predictions that it belongs to."""

    name: str
    score: Array
    """(n,), higher where the prediction is more confident."""
    probs: Array
    """(n, classes), whose largest is the prediction."""
    is_probability: bool
    """Whether the score is the largest of the probabilities."""


def monte_carlo_dropout(
    weights: Weights, x: Array, *, drop: float, samples: int, seed: int
) -> MonteCarloDropout:
    """Returns mean and spread of the probabilities under random masks, one for each sample.

    Args:
        weights: Of a network trained with dropout, activations divided by 1 − ``drop``.
        x: Inputs, (n, features).
        drop: Probability that a hidden unit is dropped, in [0, 1).
        samples: Number of masks.
        seed: Seed of the masks.

    Returns:
        Mean probabilities, (n, classes), and spread, (n,).

    Examples:
        >>> import numpy as np
        >>> weights = [np.eye(2), np.zeros(2), np.eye(2), np.zeros(2)]
        >>> mc = monte_carlo_dropout(weights, np.array([[1.0, 0.0]]), drop=0.0, samples=3, seed=0)
        >>> mc.mean.round(3).tolist(), mc.spread.tolist()
        ([[0.731, 0.269]], [0.0])
    """
    rng, draws = np.random.default_rng(seed), []
    for _ in range(samples):
        widths = (matrix.shape[1] for matrix in weights[:-2:2])
        scales = [(rng.random((len(x), width)) >= drop) / (1 - drop) for width in widths]
        draws.append(softmax(forward(weights, x, scales=scales), axis=1))
    probs = np.stack(draws)  # (samples, n, classes)
    mean = probs.mean(axis=0)
    rows, predicted = np.arange(len(x)), mean.argmax(axis=1)
    return MonteCarloDropout(mean, probs[:, rows, predicted].std(axis=0))


def evaluate_confidence(
    weights: Weights, x: Array, labels: Labels, monte_carlo: MonteCarloDropout
) -> tuple[dict[str, Array], pd.DataFrame]:
    """Evaluates how well three confidence scores detect a network's errors.

    They are the softmax of the scaled network, the Monte Carlo mean and minus its spread.

    Args:
        weights: Of a network trained with dropout.
        x: Inputs, (n, features).
        labels: (n,), integers in [0, classes).
        monte_carlo: From :func:`monte_carlo_dropout` for the same inputs.

    Returns:
        Of each score the error among the k most confident predictions, (n,); and a table with a row
        for each score: ``confidence, n, error``, ``auroc`` of correct against wrong predictions
        with its interval, and ``ece`` and ``nll`` of the scores that are probabilities.
    """
    scaled, mean = softmax(forward(weights, x), axis=1), monte_carlo.mean
    confidences = [
        Confidence("softmax", scaled.max(axis=1), scaled, is_probability=True),
        Confidence("monte_carlo_mean", mean.max(axis=1), mean, is_probability=True),
        Confidence("monte_carlo_spread", -monte_carlo.spread, mean, is_probability=False),
    ]
    curves = {each.name: _rejection_curve(each, labels) for each in confidences}
    return curves, pd.DataFrame([_confidence_row(each, labels) for each in confidences])


def _rejection_curve(confidence: Confidence, labels: Labels) -> Array:
    """Returns the error among the k most confident predictions, (n,)."""
    wrong = confidence.probs.argmax(axis=1) != labels
    ordered = wrong[np.argsort(-confidence.score, kind="stable")]
    return np.asarray(np.cumsum(ordered) / np.arange(1, len(labels) + 1))


def _confidence_row(confidence: Confidence, labels: Labels) -> dict[str, Any]:
    probs, score = confidence.probs, confidence.score
    correct = probs.argmax(axis=1) == labels
    low, high = detection_intervals(score[correct], score[~correct], seed=0)
    row: dict[str, Any] = {
        "confidence": confidence.name,
        "n": len(labels),
        "error": float((~correct).mean()),
        "auroc": detection_metrics(score[correct], score[~correct]).auroc,
        "auroc_low": low.auroc,
        "auroc_high": high.auroc,
    }
    if confidence.is_probability:
        row["ece"] = expected_calibration_error(probs, labels)
        log_probs = np.log(np.maximum(probs, PROBABILITY_FLOOR))
        row["nll"] = negative_log_likelihood(log_probs, labels)
    return row
