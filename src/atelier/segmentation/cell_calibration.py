"""The probability that a predicted cell is real: that it matches a true one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import ndimage
from scipy.optimize import minimize
from scipy.special import expit

from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import Sample
from atelier.cells.scores import matched_cells
from atelier.evaluation import (
    bootstrap_interval,
    expected_calibration_error,
    reliability_bands,
    reliability_bins,
)
from atelier.evaluation.intervals import SHARE
from atelier.segmentation.pixel_calibration import PlattScale
from atelier.types import Array, Metrics

EVIDENCE = ("mean_log_odds", "largest_log_odds", "log_area", "at_border")
MATCH_BINS = 10


class MatchScale(NamedTuple):
    """A logistic regression from the evidence of a cell to the probability that it is real."""

    centre: tuple[float, ...]
    """Mean of each column of :data:`EVIDENCE` over the cells of the fit."""
    spread: tuple[float, ...]
    """Standard deviation of each column, 1 where that is 0."""
    weights: tuple[float, ...]
    """Change of the log-odds for one standard deviation."""
    offset: float
    """Log-odds of a cell of mean evidence."""

    def probability(self, evidence: pd.DataFrame) -> Array:
        """Returns the probability of each cell that it matches a true one, (cells,).

        Args:
            evidence: As :func:`cell_evidence` returns it.
        """
        values = (evidence[list(EVIDENCE)].to_numpy(float) - self.centre) / self.spread
        return np.asarray(expit(values @ np.array(self.weights) + self.offset))


class CellCalibration(NamedTuple):
    """Probabilities of test cells, and how well they are calibrated."""

    cells: pd.DataFrame
    """The evidence of each cell, with its ``match_probability``."""
    diagrams: pd.DataFrame
    """A row for each filled bin of two probabilities: ``scale`` (``pixels``: the mean over the
    cell's pixels, ``fitted``), ``ece, probability, frequency, low, high, count``."""
    metrics: Metrics


def cell_evidence(labels: Array, log_odds: Array) -> pd.DataFrame:
    """Measures what tells real cells from false ones.

    Args:
        labels: Predicted cells, (height, width); 0 is background.
        log_odds: Of cell at each pixel, (height, width).

    Returns:
        A row for each cell in the order of the ids: ``label``, the mean and the largest of its
        pixels' log-odds, the logarithm of its area in pixels, and ``at_border``, 1 where it
        touches the image's border, otherwise 0.

    Examples:
        >>> import numpy as np
        >>> from atelier.segmentation import cell_evidence
        >>> evidence = cell_evidence(
        ...     np.array([[0, 0, 0, 0], [4, 0, 9, 0], [0, 0, 0, 0]]), np.full((3, 4), 2.0)
        ... )
        >>> evidence[["label", "mean_log_odds", "log_area", "at_border"]].values.tolist()
        [[4.0, 2.0, 0.0, 1.0], [9.0, 2.0, 0.0, 0.0]]
    """
    numbered, ids = number_cells(labels)
    index = np.arange(1, len(ids) + 1)
    inner = numbered[1:-1, 1:-1]
    area = np.bincount(numbered.ravel(), minlength=len(ids) + 1)[1:]
    border = area > np.bincount(inner.ravel(), minlength=len(ids) + 1)[1:]
    return pd.DataFrame(
        {
            "label": ids.astype(np.int64),
            "mean_log_odds": np.asarray(ndimage.mean(log_odds, numbered, index), float),
            "largest_log_odds": np.asarray(ndimage.maximum(log_odds, numbered, index), float),
            "log_area": np.log(area),
            "at_border": border.astype(float),
        }
    )


def labelled_evidence(
    samples: Mapping[str, Sample],
    labels: Mapping[str, Array],
    log_odds: Mapping[str, Array],
    scale: PlattScale,
) -> pd.DataFrame:
    """Measures the predicted cells of labelled images and says which are real.

    Args:
        samples: Images with their truth, by name.
        labels: Predicted cells of these images, by name.
        log_odds: Of cell at each pixel, by name.
        scale: Calibrates the pixels.

    Returns:
        ``image``, the columns of :func:`cell_evidence`, ``probability`` (the mean of the cell's
        calibrated pixels) and ``matches``: whether a true cell has an IoU above 0.5 with it.
    """
    tables = []
    for name, sample in samples.items():
        evidence = cell_evidence(labels[name], log_odds[name])
        numbered, _ = number_cells(labels[name])
        probability = expit(scale.slope * log_odds[name] + scale.offset)
        means = ndimage.mean(probability, numbered, np.arange(1, len(evidence) + 1))
        evidence["probability"] = np.asarray(means, float)
        evidence["matches"] = matched_cells(sample.labels, labels[name])
        evidence.insert(0, "image", name)
        tables.append(evidence)
    return pd.concat(tables, ignore_index=True)


def fit_match_scale(cells: pd.DataFrame) -> MatchScale:
    """Fits a logistic regression of ``matches`` on the standardised evidence.

    The weights have a standard normal prior, and the targets are Platt's (1999): with k real and m
    false cells (k + 1) / (k + 2) and 1 / (m + 2), so that it has a solution also where all cells
    are real. Without cells the probability is one half.

    Args:
        cells: As :func:`labelled_evidence` returns it, of images that nothing was trained on.

    Returns:
        The fitted scale.

    Examples:
        >>> import pandas as pd
        >>> from atelier.segmentation import fit_match_scale
        >>> from atelier.segmentation.cell_calibration import EVIDENCE
        >>> cells = pd.DataFrame(0.0, index=range(8), columns=list(EVIDENCE))
        >>> scale = fit_match_scale(cells.assign(matches=[True] * 6 + [False] * 2))
        >>> round(float(scale.probability(cells)[0]), 3)  # (6 · 7/8 + 2 · 1/4) / 8
        0.719
    """
    matches = cells["matches"].to_numpy(bool)
    if len(matches) == 0:
        zeros = (0.0,) * len(EVIDENCE)
        return MatchScale(zeros, (1.0,) * len(EVIDENCE), zeros, 0.0)
    real, false = int(matches.sum()), int((~matches).sum())
    targets = np.where(matches, (real + 1) / (real + 2), 1 / (false + 2))
    values = cells[list(EVIDENCE)].to_numpy(float)
    centre, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    columns = np.column_stack([(values - centre) / spread, np.ones(len(values))])
    penalty = np.array([1.0] * len(EVIDENCE) + [0.0])

    def loss(weights: Array) -> tuple[float, Array]:
        log_odds = columns @ weights
        negative = np.logaddexp(0, log_odds).sum() - targets @ log_odds
        gradient = columns.T @ (expit(log_odds) - targets) + penalty * weights
        return float(negative + (penalty * weights**2).sum() / 2), gradient

    solution = minimize(loss, np.zeros(columns.shape[1]), jac=True, method="BFGS").x.tolist()
    return MatchScale(
        tuple(centre.tolist()), tuple(spread.tolist()), tuple(solution[:-1]), solution[-1]
    )


def calibrate_cells(validation: pd.DataFrame, test: pd.DataFrame, *, seed: int) -> CellCalibration:
    """Evaluates the calibration of "this cell is real" on test cells.

    Two probabilities are compared: the mean of the cell's calibrated pixels, and the one that is
    fitted on the cells of the validation images. Bands are Clopper–Pearson intervals of each bin;
    intervals of the calibration errors resample whole images.

    Args:
        validation: As :func:`labelled_evidence` returns it; the fit.
        test: As :func:`labelled_evidence` returns it; what is scored.
        seed: Decides the resamples.

    Returns:
        The test cells with their probabilities, reliability diagrams of 10 bins, and the metrics
        ``cells, real`` (share of cells that are), ``ece`` and ``ece_pixels`` with ``_low`` and
        ``_high``; without cells only ``cells`` and errors of 0.
    """
    cells = test.assign(match_probability=fit_match_scale(validation).probability(test))
    matches = cells["matches"].to_numpy(int)
    metrics: Metrics = {
        "cells": float(len(cells)), "real": float(matches.mean()) if len(cells) else 0.0
    }  # fmt: skip
    diagrams = []
    for scale, column, name in (
        ("pixels", "probability", "ece_pixels"),
        ("fitted", "match_probability", "ece"),
    ):
        probability = cells[column].to_numpy(float)
        error = _calibration_error(probability, matches)
        low, high = _interval_over_images(cells, column, seed=seed)
        metrics |= {name: error, f"{name}_low": low, f"{name}_high": high}
        diagrams.append(_match_reliability(probability, matches).assign(scale=scale, ece=error))
    return CellCalibration(cells, pd.concat(diagrams, ignore_index=True), metrics)


def _calibration_error(probability: Array, matches: Array) -> float:
    """Returns the expected calibration error over bins; 0 without cells."""
    if len(matches) == 0:
        return 0.0
    return expected_calibration_error(probability, matches, n_bins=MATCH_BINS)


def _interval_over_images(cells: pd.DataFrame, column: str, *, seed: int) -> tuple[float, float]:
    groups = [
        (group[column].to_numpy(float), group["matches"].to_numpy(int))
        for _, group in cells.groupby("image")
    ]
    if not groups:
        return 0.0, 0.0

    def error(images: Array) -> float:
        probability, matches = zip(*(groups[index] for index in images), strict=True)
        return _calibration_error(np.concatenate(probability), np.concatenate(matches))

    return bootstrap_interval(error, np.arange(len(groups)), seed=seed, bounds=SHARE)


def _match_reliability(probability: Array, matches: Array) -> pd.DataFrame:
    """Returns a row for each bin that holds cells, with the Clopper–Pearson interval."""
    columns = ["probability", "frequency", "low", "high", "count"]
    if len(matches) == 0:
        return pd.DataFrame(columns=columns, dtype=float)
    bins = reliability_bins(probability, matches, n_bins=MATCH_BINS)
    values = (bins.confidence, bins.accuracy, *reliability_bands(bins), bins.count)
    table = pd.DataFrame(dict(zip(columns, values, strict=True)))
    return table[table["count"] > 0].reset_index(drop=True)
