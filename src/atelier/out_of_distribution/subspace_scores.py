"""Scores by the part of a feature outside the principal subspace: residual and ViM."""

import numpy as np
from scipy.special import logsumexp

from atelier.out_of_distribution.base import LastLayer, NetworkOutputs, OutOfDistributionScore
from atelier.out_of_distribution.distance_scores import CONSTANT
from atelier.types import Array


class Residual(OutOfDistributionScore):
    """Minus the length of a feature outside the principal subspace (Wang et al. 2022, 2203.10807).

    −‖x − P Pᵀ x‖₂, x = h − o, where the origin o = −(Wᵀ)⁺ b is the shortest feature with logits 0
    (as near as there is one) and P has the principal directions of the training x, which are not
    centred again. Directions in which the training x are 0 are none of them: among these, rounding
    alone would choose.

    Args:
        dimensions: Number of principal directions, at most; None takes half of all dimensions.

    Attributes:
        origin: o, (dimensions,).
        complement: Orthonormal basis of the other directions, (dimensions, others).
    """

    def __init__(self, *, dimensions: int | None = None) -> None:
        self.dimensions = dimensions

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        total = outputs.features.shape[1]
        principal = total // 2 if self.dimensions is None else self.dimensions
        if not 0 <= principal < max(total, 1):
            raise ValueError(
                f"Expected a principal subspace of 0 … {total - 1} dimensions. "
                f"Received: {principal}"
            )
        weights = last_layer.weights.astype(np.float64)
        self.origin = -np.linalg.pinv(weights.T) @ last_layer.bias
        centred = outputs.features - self.origin
        squares, directions = np.linalg.eigh(centred.T @ centred)  # least variance first
        spanned = int((squares > CONSTANT * squares[-1]).sum())
        self.complement = directions[:, : total - min(principal, spanned)]

    def residual_lengths(self, features: Array) -> Array:
        """Returns the length of each feature (n, dimensions) outside the subspace, (n,)."""
        return np.asarray(np.linalg.norm((features - self.origin) @ self.complement, axis=1))

    def _score(self, features: Array, logits: Array) -> Array:
        return -self.residual_lengths(features)


class VirtualLogit(Residual):
    """Energy less the residual as a further logit (ViM; Wang et al. 2022, 2203.10807).

    log Σ exp z − α ‖x − P Pᵀ x‖₂, where α makes the mean residual of training features as long
    as their mean largest logit. 0 where training features have no residual.

    Attributes:
        alpha: α.
    """

    def _fit(self, outputs: NetworkOutputs, last_layer: LastLayer) -> None:
        super()._fit(outputs, last_layer)
        residual = self.residual_lengths(outputs.features).mean()
        size = np.linalg.norm(outputs.features - self.origin, axis=1).mean()
        largest = outputs.logits.max(axis=1).mean()
        resolved = residual > np.finfo(np.float32).eps * size
        self.alpha = float(largest / residual) if resolved else 0.0

    def _score(self, features: Array, logits: Array) -> Array:
        energies = np.asarray(logsumexp(logits, axis=1))
        return np.asarray(energies - self.alpha * self.residual_lengths(features))
