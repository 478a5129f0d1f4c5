"""All thinned networks of a small network, averaged exactly."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, softmax

from atelier.dropout.expectation import all_masks, mask_probabilities
from atelier.dropout.networks import Weights, forward
from atelier.types import Array


class ThinnedAverages(NamedTuple):
    """Probabilities, (n, classes), of one network by three readings of dropout."""

    scaled: Array
    """The whole network, activations as at test."""
    arithmetic: Array
    """Mean over all thinned networks, by their chances."""
    geometric: Array
    """Normalised geometric mean, which one hidden layer's scaled network equals exactly."""


def thinned_averages(weights: Weights, x: Array, *, keep: float) -> ThinnedAverages:
    """All 2ⁿ thinned versions of a network with one hidden layer, averaged exactly.

    Weights are of a network trained with activations divided by ``keep``.
    """
    masks = all_masks(weights[0].shape[1])
    chance = mask_probabilities(masks, keep=keep)
    hidden = np.maximum(x @ weights[0] + weights[1], 0)
    arithmetic, log_mean = np.zeros((2, len(x), weights[3].size))
    for mask, share in zip(masks, chance, strict=True):
        logits = (hidden * mask / keep) @ weights[2] + weights[3]
        log_probs = logits - logsumexp(logits, axis=1, keepdims=True)
        arithmetic = arithmetic + share * np.exp(log_probs)
        log_mean = log_mean + share * log_probs
    return ThinnedAverages(
        softmax(forward(weights, x), axis=1), arithmetic, softmax(log_mean, axis=1)
    )
