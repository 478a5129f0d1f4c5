"""Are the probabilities of single pixels to be trusted?"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from atelier.calibration.scaling import VectorScaling
from atelier.cells.samples import Sample
from atelier.evaluation.calibration_error import (
    expected_calibration_error,
    negative_log_likelihood,
    reliability_bins,
)
from atelier.types import Array, Metrics

BINS = 15
DRAWN = 4000  # pixels of a picture


class PixelSample(NamedTuple):
    """DrawnCells pixels: logits of background and cell, (n, 2), and which they are, (n,)."""

    logits: Array
    labels: Array


class PlattScale(NamedTuple):
    """Log-odds made honest: slope · log-odds + offset (Platt 1999)."""

    slope: float
    offset: float

    @property
    def decision_threshold(self) -> float:
        """The probability that the network gives where the chance truly is one half."""
        return float(expit(-self.offset / self.slope))


def fit_platt_scale(pixels: PixelSample) -> PlattScale:
    """The scale that makes these pixels likeliest: vector scaling of the two classes.

    A network that was taught with border weights says cell too seldom near other cells; the
    temperature alone cannot mend that, an offset can.
    """
    scaling = VectorScaling().fit(pixels.logits, pixels.labels)
    slope = scaling.weight_.mean()  # the logits less their mean are half the log-odds, ∓
    return PlattScale(float(slope), float(scaling.bias_[1] - scaling.bias_[0]))


class PixelCalibration(NamedTuple):
    """What the pixels' probabilities are worth, before and after a slope and an offset."""

    diagrams: dict[str, pd.DataFrame]
    metrics: Metrics


def sample_pixels(
    samples: Mapping[str, Sample], odds: Mapping[str, Array], *, seed: int
) -> PixelSample:
    """Up to 4,000 pixels of each picture, with their log-odds as logits."""
    rng = np.random.default_rng(seed)
    scores, labels = [], []
    for name, sample in samples.items():
        flat = odds[name].ravel()
        rows = rng.permutation(len(flat))[:DRAWN]
        scores.append(np.stack([np.zeros(len(rows)), flat[rows]], axis=1))
        labels.append((sample.labels.ravel()[rows] > 0).astype(np.int64))
    return PixelSample(np.concatenate(scores), np.concatenate(labels))


def calibrate_pixels(validation: PixelSample, test: PixelSample) -> PixelCalibration:
    """Calibration of the pixels: the scale comes from ``validation``, scores from ``test``.

    ECE and NLL as in :mod:`atelier.evaluation.calibration_error`, 15 bins.
    """
    scale = fit_platt_scale(validation)
    honest = scale.slope * test.logits[:, 1] + scale.offset
    said = {
        "as trained": test.logits,
        f"even at {scale.decision_threshold:.2f}": np.stack(
            [np.zeros_like(honest), honest], axis=1
        ),
    }
    metrics: Metrics = {
        "slope": scale.slope,
        "offset": scale.offset,
        "even": scale.decision_threshold,
        "pixels": float(len(test.labels)),
    }
    diagrams = {}
    for key, (name, logits) in zip(("", "_scaled"), said.items(), strict=True):
        probability = expit(logits[:, 1] - logits[:, 0])
        probs = np.stack([1 - probability, probability], axis=1)
        ece = expected_calibration_error(probs, test.labels, n_bins=BINS)
        metrics[f"ece{key}"] = ece
        metrics[f"nll{key}"] = negative_log_likelihood(logits, test.labels)
        diagrams[f"{name}: ECE {ece:.1%}"] = reliability_table(probability, test.labels)
    return PixelCalibration(diagrams, metrics)


def reliability_table(probability: Array, labels: Array) -> pd.DataFrame:
    """Returns a row for each bin that holds pixels: ``bin, probability, frequency, share``.

    Bins are those of :func:`atelier.evaluation.calibration_error.reliability_bins`, (lo, hi].
    """
    bins = reliability_bins(probability, labels, n_bins=BINS)
    filled = np.flatnonzero(bins.count)
    return pd.DataFrame(
        {
            "bin": filled,
            "probability": bins.confidence[filled],
            "frequency": bins.accuracy[filled],
            "share": bins.count[filled] / len(labels),
        }
    )
