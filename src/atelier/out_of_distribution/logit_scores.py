"""Scores of logits alone: softmax, temperature, largest logit, energy, entropies, KL matching."""

import numpy as np
from scipy.special import log_softmax, logsumexp, softmax

from atelier.calibration.temperature import TemperatureScaling, softmax_at
from atelier.out_of_distribution.base import LastLayer, NetworkOutputs, OutOfDistributionScore
from atelier.types import Array


class MaxSoftmax(OutOfDistributionScore):
    """The largest softmax probability, max_k p_k (Hendrycks & Gimpel 2017, arXiv 1610.02136).

    Examples:
        >>> score = MaxSoftmax().score(np.zeros((1, 2)), np.array([[np.log(3.0), 0.0]]))
        >>> score.round(3).tolist()
        [0.75]
    """

    def _score(self, features: Array, logits: Array) -> Array:
        return np.asarray(softmax(logits, axis=1).max(axis=1))


class TemperatureSoftmax(OutOfDistributionScore):
    """The largest probability after temperature scaling (Guo et al. 2017, arXiv 1706.04599).

    max_k softmax(z / T)_k, T of least negative log-likelihood on held-out images.

    Attributes:
        temperature: T, > 0.
    """

    held_out = True

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        self.temperature = TemperatureScaling().fit(outputs.logits, outputs.labels).temperature_

    def _score(self, features: Array, logits: Array) -> Array:
        return np.asarray(softmax_at(logits, self.temperature).max(axis=1))


class MaxLogit(OutOfDistributionScore):
    """The largest logit, max_k z_k (Hendrycks et al. 2022, arXiv 1911.11132).

    Examples:
        >>> MaxLogit().score(np.zeros((1, 2)), np.array([[7.0, -2.0]])).tolist()
        [7.0]
    """

    def _score(self, features: Array, logits: Array) -> Array:
        return np.asarray(logits.max(axis=1))


class Energy(OutOfDistributionScore):
    """Minus the free energy, log Σ_k exp z_k (Liu et al. 2020, arXiv 2010.03759).

    Examples:
        >>> Energy().score(np.zeros((1, 2)), np.zeros((1, 4))).round(4).tolist()  # log 4
        [1.3863]
    """

    def _score(self, features: Array, logits: Array) -> Array:
        return np.asarray(logsumexp(logits, axis=1))


class NegativeEntropy(OutOfDistributionScore):
    """Minus the entropy of the softmax in nats, Σ_k p_k log p_k.

    Examples:
        >>> NegativeEntropy().score(np.zeros((1, 2)), np.zeros((1, 4))).round(4).tolist()  # -log 4
        [-1.3863]
    """

    def _score(self, features: Array, logits: Array) -> Array:
        log_probs = log_softmax(logits, axis=1)
        return np.asarray((np.exp(log_probs) * log_probs).sum(axis=1))


class GeneralizedEntropy(OutOfDistributionScore):
    """Minus the generalized entropy of the largest probabilities (GEN; Liu et al. 2023, CVPR).

    −Σ p_k^γ (1 − p_k)^γ over the M largest p_k. With a small γ a probability near 0 or 1 counts
    nearly as much as one in between.

    Args:
        gamma: γ in (0, 1]; 0.1 in the paper.
        largest: M, at most the number of classes; 100 in the paper.

    Examples:
        >>> score = GeneralizedEntropy(gamma=0.5).score(np.zeros((1, 2)), np.zeros((1, 2)))
        >>> score.tolist()  # twice the square root of a quarter
        [-1.0]
    """

    def __init__(self, *, gamma: float = 0.1, largest: int = 100) -> None:
        if not 0 < gamma <= 1 or largest < 1:
            raise ValueError(
                f"Expected gamma in (0, 1] and largest ≥ 1. Received: {gamma} and {largest}"
            )
        self.gamma, self.largest = gamma, largest

    def _score(self, features: Array, logits: Array) -> Array:
        log_probs = np.sort(log_softmax(logits, axis=1), axis=1)[:, -self.largest :]
        probs = np.exp(log_probs)
        rest = np.clip(-np.expm1(log_probs), 0, 1)  # 1 − p without cancellation
        return np.asarray(-((probs * rest) ** self.gamma).sum(axis=1))


class KLMatching(OutOfDistributionScore):
    """Minus the divergence from the closest typical softmax (Hendrycks et al. 2022, 1911.11132).

    −min_k KL(p ‖ d_k), where d_k is the mean softmax of held-out images that the network assigns
    to class k. Classes that are never predicted have no d_k.

    Attributes:
        log_typical: log d_k, (predicted classes, classes).
    """

    held_out = True

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        log_probs = log_softmax(outputs.logits, axis=1)
        predicted = outputs.logits.argmax(axis=1)
        groups = (log_probs[predicted == index] for index in np.unique(predicted))
        self.log_typical = np.stack(
            [logsumexp(group, axis=0) - np.log(len(group)) for group in groups]
        )

    def _score(self, features: Array, logits: Array) -> Array:
        log_probs = log_softmax(logits, axis=1)
        probs = np.exp(log_probs)
        entropies = (probs * log_probs).sum(axis=1, keepdims=True)
        return np.asarray(-(entropies - probs @ self.log_typical.T).min(axis=1))
