"""Calibration of the probabilities of single pixels."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from atelier.calibration.scaling import VectorScaling
from atelier.cells.samples import Sample
from atelier.evaluation import (
    expected_calibration_error,
    negative_log_likelihood,
    reliability_bins,
)
from atelier.types import Array, Metrics

BINS = 15
PIXELS_PER_IMAGE = 4000


class PixelSample(NamedTuple):
    """Pixels drawn at random from labelled images."""

    logits: Array
    """(n, 2): 0 for background, log-odds for cell."""
    labels: Array
    """(n,) int64: 1 on cells, 0 on background."""


class PlattScale(NamedTuple):
    """A slope and an offset that calibrate log-odds (Platt 1999)."""

    slope: float
    offset: float

    @property
    def decision_threshold(self) -> float:
        """Returns the predicted probability at which the calibrated probability is one half."""
        return float(expit(-self.offset / self.slope))

    def apply(self, logits: Array) -> Array:
        """Returns calibrated logits, (n, 2), of logits whose first column is 0."""
        log_odds = self.slope * logits[:, 1] + self.offset
        return np.stack([np.zeros_like(log_odds), log_odds], axis=1)


class PixelCalibration(NamedTuple):
    """Calibration of pixels as trained and after Platt scaling."""

    diagrams: pd.DataFrame
    """A row for each bin and scale (``as_trained``, ``scaled``): ``scale, ece``, and the columns of
    :func:`reliability_table`."""
    metrics: Metrics


def fit_platt_scale(pixels: PixelSample) -> PlattScale:
    """Fits slope and offset of the log-odds by maximum likelihood.

    A network trained with border weights predicts cell too seldom near other cells; temperature
    scaling alone cannot correct that, an offset can. This is vector scaling of the two classes.

    Args:
        pixels: Labelled pixels that the network was not trained on.

    Returns:
        The scale.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import PixelSample, fit_platt_scale
        >>> logits = np.stack([np.zeros(20), np.repeat([-4.0, 4.0], 10)], axis=1)
        >>> labels = np.repeat([0, 1, 0, 1], [8, 2, 2, 8])  # 80 % are right: log-odds of ±1.386
        >>> round(fit_platt_scale(PixelSample(logits, labels)).slope, 3)
        0.347
    """
    scaling = VectorScaling().fit(pixels.logits, pixels.labels)
    slope = scaling.weight_.mean()  # centred logits are ±half the log-odds
    return PlattScale(float(slope), float(scaling.bias_[1] - scaling.bias_[0]))


def sample_pixels(
    samples: Mapping[str, Sample], log_odds: Mapping[str, Array], *, seed: int
) -> PixelSample:
    """Draws up to 4,000 pixels of each image, with their log-odds as logits.

    Args:
        samples: Labelled images by name.
        log_odds: Log-odds of cell, (height, width), by the image's name.
        seed: Decides which pixels.

    Returns:
        The pixels of all images.

    Examples:
        >>> import numpy as np
        >>> from atelier.cells import Sample
        >>> from atelier.segmentation import sample_pixels
        >>> samples = {"a": Sample(np.zeros((2, 3)), np.array([[1, 1, 1], [0, 0, 0]]))}
        >>> pixels = sample_pixels(samples, {"a": np.zeros((2, 3))}, seed=0)
        >>> pixels.logits.shape, int(pixels.labels.sum())
        ((6, 2), 3)
    """
    rng = np.random.default_rng(seed)
    logits, labels = [], []
    for name, sample in samples.items():
        flat = log_odds[name].ravel()
        rows = rng.permutation(len(flat))[:PIXELS_PER_IMAGE]
        logits.append(np.stack([np.zeros(len(rows)), flat[rows]], axis=1))
        labels.append((sample.labels.ravel()[rows] > 0).astype(np.int64))
    return PixelSample(np.concatenate(logits), np.concatenate(labels))


def calibrate_pixels(validation: PixelSample, test: PixelSample) -> PixelCalibration:
    """Evaluates the calibration of test pixels, before and after Platt scaling.

    Args:
        validation: Pixels on which the scale is fitted.
        test: Pixels that are scored.

    Returns:
        Reliability diagrams of the probability of cell, and the metrics ``slope, offset,
        decision_threshold, pixels`` (n) with the expected calibration error of the top label (15
        bins) and the negative log-likelihood: ``ece, nll`` as trained, ``ece_scaled, nll_scaled``
        after scaling.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import PixelSample, calibrate_pixels
        >>> log_odds = np.repeat([-4.0, 4.0], 10)
        >>> logits = np.stack([np.zeros(20), log_odds], axis=1)
        >>> labels = np.repeat([0, 1, 0, 1], [8, 2, 2, 8])
        >>> pixels = PixelSample(logits, labels)
        >>> metrics = calibrate_pixels(pixels, pixels).metrics
        >>> {name: abs(round(metrics[name], 3)) for name in ("slope", "ece", "ece_scaled")}
        {'slope': 0.347, 'ece': 0.182, 'ece_scaled': 0.0}
    """
    scale = fit_platt_scale(validation)
    metrics: Metrics = {
        "slope": scale.slope,
        "offset": scale.offset,
        "decision_threshold": scale.decision_threshold,
        "pixels": float(len(test.labels)),
    }
    variants = (("as_trained", "", test.logits), ("scaled", "_scaled", scale.apply(test.logits)))
    diagrams = []
    for key, suffix, logits in variants:
        probability = expit(logits[:, 1] - logits[:, 0])
        probs = np.stack([1 - probability, probability], axis=1)
        ece = expected_calibration_error(probs, test.labels, n_bins=BINS)
        metrics[f"ece{suffix}"] = ece
        metrics[f"nll{suffix}"] = negative_log_likelihood(logits, test.labels)
        diagrams.append(reliability_table(probability, test.labels).assign(scale=key, ece=ece))
    return PixelCalibration(pd.concat(diagrams, ignore_index=True), metrics)


def reliability_table(probability: Array, labels: Array) -> pd.DataFrame:
    """Returns a row for each bin that holds pixels: ``bin, probability, frequency, share``.

    Bins are those of :func:`atelier.evaluation.calibration_error.reliability_bins`, (lo, hi].

    Args:
        probability: Predicted probability of cell, (n,), in [0, 1].
        labels: (n,): 1 on cells, 0 on background.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation.pixel_calibration import reliability_table
        >>> table = reliability_table(np.array([0.5, 0.5, 0.9]), np.array([0, 1, 1]))
        >>> table["frequency"].tolist()
        [0.5, 1.0]
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
