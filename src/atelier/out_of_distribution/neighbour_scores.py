"""Scores by nearest neighbours among training features: KNN and NNGuide."""

import numpy as np
from scipy.special import logsumexp

from atelier.out_of_distribution.base import (
    LastLayer,
    NetworkOutputs,
    OutOfDistributionScore,
    unit_length,
)
from atelier.types import Array

BLOCK_ROWS = 256
"""Images that are compared with all training images at once: 256 × 60,000 products are 123 MB."""


def largest_products(points: Array, bank: Array, count: int) -> Array:
    """Returns the largest inner products of each point with the rows of a bank.

    Args:
        points: (n, dimensions).
        bank: (m, dimensions); at most BLOCK_ROWS × m products are held at once.
        count: Number of products, ≤ m.

    Returns:
        (n, count), ascending.

    Examples:
        >>> bank = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
        >>> largest_products(np.array([[1.0, 1.0]]), bank, 2).tolist()
        [[2.0, 6.0]]
    """
    largest = np.empty((len(points), count))
    for start in range(0, len(points), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        products = points[block] @ bank.T
        largest[block] = np.sort(np.partition(products, -count, axis=1)[:, -count:], axis=1)
    return largest


class NearestNeighbours(OutOfDistributionScore):
    """Minus the distance from the k-th nearest training feature (KNN; Sun et al. 2022, 2204.06507).

    −‖u − u₍ₖ₎‖₂ of features of length 1, u = h / ‖h‖₂.

    Args:
        neighbours: k ≥ 1; 50 in the paper for CIFAR-10. At most the number of training images.

    Attributes:
        bank: Training features of length 1, (n, dimensions).
    """

    def __init__(self, *, neighbours: int = 50) -> None:
        self.neighbours = _checked_count(neighbours)

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        self.bank = unit_length(outputs.features)

    def _score(self, features: Array, logits: Array) -> Array:
        units = unit_length(features)
        count = min(self.neighbours, len(self.bank))
        similarity = largest_products(units, self.bank, count)[:, 0]
        lengths = np.einsum("ij,ij->i", units, units)  # 0 for features that are all 0
        return np.asarray(-np.sqrt(np.maximum(lengths + 1 - 2 * similarity, 0)))


class NeighbourGuidance(OutOfDistributionScore):
    """The energy times the similarity to training features (NNGuide; Park et al. 2023, 2309.14888).

    S(h) · (1/k) Σ u · S(h_i) u_i over the k largest such products, u = h / ‖h‖₂, with the energy
    score S = log Σ exp z.

    Args:
        neighbours: k ≥ 1; 10 in the paper.

    Attributes:
        bank: Training features of length 1, times their energy scores, (n, dimensions).
    """

    def __init__(self, *, neighbours: int = 10) -> None:
        self.neighbours = _checked_count(neighbours)

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        energies = logsumexp(outputs.logits, axis=1, keepdims=True)
        self.bank = unit_length(outputs.features) * energies

    def _score(self, features: Array, logits: Array) -> Array:
        count = min(self.neighbours, len(self.bank))
        guidance = largest_products(unit_length(features), self.bank, count).mean(axis=1)
        return np.asarray(guidance * logsumexp(logits, axis=1))


def _checked_count(neighbours: int) -> int:
    if neighbours < 1:
        raise ValueError(f"Expected at least one neighbour. Received: {neighbours}")
    return neighbours
