"""Scores by the last layer's directions: simplified Hopfield energy and decision boundaries."""

import numpy as np

from atelier.out_of_distribution.base import (
    SMALLEST_LENGTH,
    LastLayer,
    NetworkOutputs,
    OutOfDistributionScore,
)
from atelier.types import Array


class HopfieldEnergy(OutOfDistributionScore):
    """The product with the mean feature of the predicted class (SHE; Zhang et al. 2023, ICLR).

    h · s_k for the predicted class k, where s_k is the mean feature of the training images of
    class k that are classified correctly; of all images of class k if none is, and 0 if there are
    none.

    Attributes:
        patterns: s_k, (classes, dimensions).
    """

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        correct = outputs.logits.argmax(axis=1) == outputs.labels
        self.patterns = np.zeros((outputs.logits.shape[1], outputs.features.shape[1]))
        for index in np.unique(outputs.labels):
            members = outputs.labels == index
            chosen = members & correct if (members & correct).any() else members
            self.patterns[index] = outputs.features[chosen].mean(axis=0)

    def _score(self, features: Array, logits: Array) -> Array:
        return np.asarray(np.einsum("ij,ij->i", features, self.patterns[logits.argmax(axis=1)]))


class BoundaryDistance(OutOfDistributionScore):
    """The mean distance from decision boundaries (fDBD; Liu & Qin 2024, arXiv 2312.11536).

    Mean over the other classes k of |z_c − z_k| / ‖w_c − w_k‖₂, divided by ‖h − μ‖₂, for the
    predicted class c, columns w of the last layer's weights, and the mean training feature μ.
    Classes with equal weights have no boundary and do not count.

    Attributes:
        gaps: ‖w_c − w_k‖₂, (classes, classes); infinite where there is no boundary.
        others: Number of boundaries of each class, (classes,), at least 1.
        mean: μ, (dimensions,).
    """

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        columns = last_layer.weights.T.astype(np.float64)
        gaps = np.linalg.norm(columns[:, None] - columns[None], axis=2)
        self.gaps = np.where(gaps > 0, gaps, np.inf)
        self.others = np.maximum((gaps > 0).sum(axis=1), 1)
        self.mean = outputs.features.mean(axis=0)

    def _score(self, features: Array, logits: Array) -> Array:
        predicted = logits.argmax(axis=1)
        margins = logits.max(axis=1, keepdims=True) - logits
        distances = (margins / self.gaps[predicted]).sum(axis=1) / self.others[predicted]
        lengths = np.linalg.norm(features - self.mean, axis=1)
        return np.asarray(distances / np.maximum(lengths, SMALLEST_LENGTH))
