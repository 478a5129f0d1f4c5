"""Monte Carlo dropout (Gal & Ghahramani 2016): many masks at test time."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import softmax

from atelier.dropout.networks import Weights, forward
from atelier.evaluation.calibration_error import expected_calibration_error, negative_log_likelihood
from atelier.evaluation.detection import detection_intervals, detection_metrics
from atelier.types import Array, Labels


class MonteCarloDropout(NamedTuple):
    """What many thinned networks say of each sample (Gal & Ghahramani 2016)."""

    mean: Array
    """Mean probabilities, (n, classes)."""
    spread: Array
    """Standard deviation of the winning class' probability over the masks, (n,)."""


def monte_carlo_dropout(
    weights: Weights, x: Array, *, drop: float, samples: int, seed: int
) -> MonteCarloDropout:
    """Mean and spread of the probabilities under random masks, each sample under its own."""
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(samples):
        widths = (matrix.shape[1] for matrix in weights[:-2:2])
        scales = [(rng.random((len(x), width)) >= drop) / (1 - drop) for width in widths]
        drawn.append(softmax(forward(weights, x, scales=scales), axis=1))
    probs = np.stack(drawn)  # (samples, n, classes)
    mean = probs.mean(axis=0)
    rows, winner = np.arange(len(x)), mean.argmax(axis=1)
    return MonteCarloDropout(mean, probs[:, rows, winner].std(axis=0))


def evaluate_confidence(
    weights: Weights, x: Array, labels: Labels, drawn: MonteCarloDropout
) -> tuple[dict[str, Array], pd.DataFrame]:
    """How well three confidences know the network's mistakes.

    For the scaled network's softmax, the Monte-Carlo mean and minus its spread: the error among the
    most confident answers, (n,) each, and a row with ECE and NLL (of those that are probabilities)
    and the AUROC of right against wrong, with its interval.
    """
    scaled = forward(weights, x)
    probs = {"softmax, scaled network": softmax(scaled, axis=1), "Monte-Carlo mean": drawn.mean}
    scores = {name: one.max(axis=1) for name, one in probs.items()}
    scores["Monte-Carlo spread"] = -drawn.spread
    curves, rows = {}, []
    for name, score in scores.items():
        says = probs.get(name, drawn.mean)
        right = says.argmax(axis=1) == labels
        ordered = ~right[np.argsort(-score, kind="stable")]
        curves[name] = np.cumsum(ordered) / np.arange(1, len(x) + 1)
        low, high = detection_intervals(score[right], score[~right], seed=0)
        row = {"confidence": name, "n": len(x), "error": float((~right).mean())}
        area = detection_metrics(score[right], score[~right]).auroc
        row |= {"auroc": area, "auroc_low": low.auroc, "auroc_high": high.auroc}
        if name in probs:
            row["ece"] = expected_calibration_error(says, labels)
            row["nll"] = negative_log_likelihood(np.log(np.maximum(says, 1e-30)), labels)
        rows.append(row)
    return curves, pd.DataFrame(rows)
