"""Energy after a change of the features: ReAct, ASH-S and SCALE."""

import numpy as np
from scipy.special import logsumexp

from atelier.out_of_distribution.base import LastLayer, NetworkOutputs, OutOfDistributionScore
from atelier.types import Array


class ReAct(OutOfDistributionScore):
    """The energy score of features cut off at a quantile (Sun et al. 2021, arXiv 2111.12797).

    log Σ exp(min(h, c) W + b), c the quantile of all training features of all images.

    Args:
        quantile: In (0, 1]; 0.9 in the paper.

    Attributes:
        ceiling: c.
    """

    def __init__(self, *, quantile: float = 0.9) -> None:
        if not 0 < quantile <= 1:
            raise ValueError(f"Expected a quantile in (0, 1]. Received: {quantile}")
        self.quantile = quantile

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        self.last_layer = last_layer
        self.ceiling = float(np.quantile(outputs.features, self.quantile))

    def _score(self, features: Array, logits: Array) -> Array:
        changed = self.last_layer.logits(np.minimum(features, self.ceiling))
        return np.asarray(logsumexp(changed, axis=1))


class ActivationScaling(OutOfDistributionScore):
    """The energy score of features times exp(s₁ / s₂) (SCALE; Xu et al. 2024, arXiv 2310.00227).

    s₁ is the sum of all features of an image, s₂ that of its largest ones. Features are
    activations ≥ 0, as a rectifier returns them.

    Args:
        pruned: Share of an image's features that s₂ leaves out, in [0, 1); 0.85 in the paper.
    """

    def __init__(self, *, pruned: float = 0.85) -> None:
        if not 0 <= pruned < 1:
            raise ValueError(f"Expected a share in [0, 1). Received: {pruned}")
        self.pruned = pruned

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        self.last_layer = last_layer

    def _score(self, features: Array, logits: Array) -> Array:
        if features.min(initial=0) < 0:
            raise ValueError(
                "Expected features ≥ 0, as a rectifier returns them. "
                f"Received: {features.min()}; leave out ash_s and scale for this network"
            )
        changed = self._changed(features, largest_features(features, self.pruned))
        return np.asarray(logsumexp(self.last_layer.logits(changed), axis=1))

    def _changed(self, features: Array, largest: Array) -> Array:
        return features * scaling_factors(features, largest)


class ActivationShaping(ActivationScaling):
    """The energy score of the largest features, scaled (ASH-S; Djurisic et al. 2023, 2209.09858).

    All but the largest features of an image become 0; the others are multiplied by exp(s₁ / s₂).

    Args:
        pruned: Share of an image's features that become 0, in [0, 1); 0.9 in the paper.
    """

    def __init__(self, *, pruned: float = 0.9) -> None:
        super().__init__(pruned=pruned)

    def _changed(self, features: Array, largest: Array) -> Array:
        return largest * scaling_factors(features, largest)


def largest_features(features: Array, pruned: float) -> Array:
    """Returns the features with all but the largest of each image set to 0.

    Args:
        features: (n, dimensions), ≥ 0.
        pruned: Share of the dimensions that become 0, in [0, 1); at least one stays.

    Examples:
        >>> largest_features(np.array([[1.0, 3.0, 2.0, 4.0]]), 0.5).tolist()
        [[0.0, 3.0, 0.0, 4.0]]
    """
    dimensions = features.shape[1]
    count = min(round(pruned * dimensions), dimensions - 1)
    smallest = np.argsort(features, axis=1, kind="stable")[:, :count]
    largest = features.copy()
    np.put_along_axis(largest, smallest, 0.0, axis=1)
    return largest


def scaling_factors(features: Array, largest: Array) -> Array:
    """Returns exp(s₁ / s₂) of each image, (n, 1); features that are all 0 have the factor e.

    Args:
        features: All features, (n, dimensions), ≥ 0.
        largest: The same with some set to 0.

    Examples:
        >>> scaling_factors(np.array([[1.0, 1.0]]), np.array([[0.0, 1.0]])).round(3).tolist()
        [[7.389]]
    """
    total, kept = features.sum(axis=1, keepdims=True), largest.sum(axis=1, keepdims=True)
    return np.asarray(np.exp(np.divide(total, kept, out=np.ones_like(total), where=kept > 0)))
