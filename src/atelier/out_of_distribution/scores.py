"""All scores of out-of-distribution detection by name."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from atelier.out_of_distribution.activation_scores import (
    ActivationScaling,
    ActivationShaping,
    ReAct,
)
from atelier.out_of_distribution.base import LastLayer, NetworkOutputs, OutOfDistributionScore
from atelier.out_of_distribution.density_scores import DensityPosterior, LogitDensity
from atelier.out_of_distribution.direction_scores import BoundaryDistance, HopfieldEnergy
from atelier.out_of_distribution.distance_scores import (
    Mahalanobis,
    NormalizedMahalanobis,
    RelativeMahalanobis,
)
from atelier.out_of_distribution.logit_scores import (
    Energy,
    GeneralizedEntropy,
    KLMatching,
    MaxLogit,
    MaxSoftmax,
    NegativeEntropy,
    TemperatureSoftmax,
)
from atelier.out_of_distribution.neighbour_scores import NearestNeighbours, NeighbourGuidance
from atelier.out_of_distribution.subspace_scores import Residual, VirtualLogit
from atelier.types import Array

SCORES: dict[str, Callable[[], OutOfDistributionScore]] = {
    "softmax": MaxSoftmax,
    "temperature": TemperatureSoftmax,
    "max_logit": MaxLogit,
    "energy": Energy,
    "entropy": NegativeEntropy,
    "gen": GeneralizedEntropy,
    "kl_matching": KLMatching,
    "posterior": DensityPosterior,
    "log_density": LogitDensity,
    "mahalanobis": Mahalanobis,
    "mahalanobis_plus": NormalizedMahalanobis,
    "relative_mahalanobis": RelativeMahalanobis,
    "knn": NearestNeighbours,
    "residual": Residual,
    "vim": VirtualLogit,
    "she": HopfieldEnergy,
    "fdbd": BoundaryDistance,
    "nnguide": NeighbourGuidance,
    "react": ReAct,
    "ash_s": ActivationShaping,
    "scale": ActivationScaling,
}
"""Each score with its default parameters, by name."""


def fit_scores(
    train: NetworkOutputs,
    held_out: NetworkOutputs,
    last_layer: LastLayer,
    names: Iterable[str] = tuple(SCORES),
) -> dict[str, OutOfDistributionScore]:
    """Fits scores to the outputs of a network.

    Args:
        train: Of training images.
        held_out: Of images that the network was not trained on, for scores that need such
            (`OutOfDistributionScore.held_out`).
        last_layer: The network's last layer.
        names: Names in SCORES.

    Returns:
        The fitted scores by name.

    Raises:
        ValueError: If there is no score of a name, or the outputs have another shape, NaN or
            infinity.
    """
    unknown = [name for name in names if name not in SCORES]
    if unknown:
        raise ValueError(f"Expected names of {', '.join(SCORES)}. Received: {', '.join(unknown)}")
    fitted = {}
    for name in names:
        score = SCORES[name]()
        fitted[name] = score.fit(*(held_out if score.held_out else train), last_layer)
    return fitted


def score_images(
    scores: Mapping[str, OutOfDistributionScore], features: Array, logits: Array
) -> Array:
    """Returns all scores of images, (scores, n), in the order of the mapping.

    Args:
        scores: Fitted scores by name.
        features: (n, dimensions).
        logits: (n, classes).

    Returns:
        A row for each score; higher for images like the training images.
    """
    return np.stack([score.score(features, logits) for score in scores.values()])
