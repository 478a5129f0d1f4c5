"""Scores by a Gaussian for each class of logits (Subramanya et al. 2017, arXiv 1707.07013)."""

import numpy as np

from atelier.calibration.density import Covariance, DensityModel
from atelier.out_of_distribution.base import LastLayer, NetworkOutputs, OutOfDistributionScore
from atelier.types import Array


class LogitDensity(OutOfDistributionScore):
    """The log density of the logits, log Σ_k p(z | k) p(k), each p(z | k) a Gaussian.

    Args:
        covariance: ``diagonal`` (the paper's), ``full`` or ``tied``.

    Attributes:
        density: The fitted model.
    """

    def __init__(self, covariance: Covariance = "diagonal") -> None:
        self.density = DensityModel(covariance)

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        self.density.fit(outputs.logits, outputs.labels)

    def _score(self, features: Array, logits: Array) -> Array:
        return self.density.log_density(logits)


class DensityPosterior(LogitDensity):
    """The largest posterior of the same Gaussians, max_k p(z | k) p(k) / p(z)."""

    def _score(self, features: Array, logits: Array) -> Array:
        return np.asarray(self.density.posterior(logits).max(axis=1))
