"""The exact average of all thinned networks of a small network."""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp, softmax

from atelier.dropout.expectation import all_masks, mask_probabilities
from atelier.dropout.networks import Weights, forward
from atelier.types import Array


class ThinnedAverages(NamedTuple):
    """Probabilities of one network with dropout, (n, classes) each, computed in three ways."""

    scaled: Array
    """Of the whole network with scaled activations, as at test time."""
    arithmetic: Array
    """Arithmetic mean over all thinned networks, weighted by their probabilities."""
    geometric: Array
    """Normalised geometric mean, which equals ``scaled`` for one hidden layer."""


def thinned_averages(weights: Weights, x: Array, *, keep: float) -> ThinnedAverages:
    """Averages all 2ⁿ thinned networks of a network with one hidden layer of n units.

    Args:
        weights: Matrix, bias, matrix, bias, trained with activations divided by ``keep``.
        x: Inputs, (n, features).
        keep: Probability that a hidden unit is active, in (0, 1).

    Returns:
        The probabilities of the scaled network and both means.

    Examples:
        >>> import numpy as np
        >>> weights = [np.eye(2), np.zeros(2), np.eye(2), np.zeros(2)]
        >>> averages = thinned_averages(weights, np.array([[2.0, 1.0]]), keep=0.5)
        >>> [mean[0, 0].round(2).item() for mean in averages]
        [0.73, 0.62, 0.73]
    """
    masks = all_masks(weights[0].shape[1])
    probabilities = mask_probabilities(masks, keep=keep)
    hidden = np.maximum(x @ weights[0] + weights[1], 0)
    arithmetic, log_mean = np.zeros((2, len(x), weights[3].size))
    for mask, probability in zip(masks, probabilities, strict=True):
        logits = (hidden * mask / keep) @ weights[2] + weights[3]
        log_probs = logits - logsumexp(logits, axis=1, keepdims=True)
        arithmetic = arithmetic + probability * np.exp(log_probs)
        log_mean = log_mean + probability * log_probs
    scaled = softmax(forward(weights, x), axis=1)
    return ThinnedAverages(scaled, arithmetic, softmax(log_mean, axis=1))
