from .activation_scores import ActivationScaling, ActivationShaping, ReAct
from .base import LastLayer, NetworkOutputs, OutOfDistributionScore
from .density_scores import DensityPosterior, LogitDensity
from .direction_scores import BoundaryDistance, HopfieldEnergy
from .distance_scores import Mahalanobis, NormalizedMahalanobis, RelativeMahalanobis
from .logit_scores import (
    Energy,
    GeneralizedEntropy,
    KLMatching,
    MaxLogit,
    MaxSoftmax,
    NegativeEntropy,
    TemperatureSoftmax,
)
from .neighbour_scores import NearestNeighbours, NeighbourGuidance
from .scores import SCORES, fit_scores, score_images
from .subspace_scores import Residual, VirtualLogit

__all__ = [
    "SCORES",
    "ActivationScaling",
    "ActivationShaping",
    "BoundaryDistance",
    "DensityPosterior",
    "Energy",
    "GeneralizedEntropy",
    "HopfieldEnergy",
    "KLMatching",
    "LastLayer",
    "LogitDensity",
    "Mahalanobis",
    "MaxLogit",
    "MaxSoftmax",
    "NearestNeighbours",
    "NegativeEntropy",
    "NeighbourGuidance",
    "NetworkOutputs",
    "NormalizedMahalanobis",
    "OutOfDistributionScore",
    "ReAct",
    "RelativeMahalanobis",
    "Residual",
    "TemperatureSoftmax",
    "VirtualLogit",
    "fit_scores",
    "score_images",
]
