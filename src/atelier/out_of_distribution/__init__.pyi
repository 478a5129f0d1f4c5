from . import figures as figures
from .activation_scores import ActivationScaling, ActivationShaping, ReAct
from .base import LastLayer, NetworkOutputs, OutOfDistributionScore
from .density_scores import DensityPosterior, LogitDensity
from .direction_scores import BoundaryDistance, HopfieldEnergy
from .distance_scores import Mahalanobis, NormalizedMahalanobis, RelativeMahalanobis
from .image_scores import FittingOutputs, ImageScores, join_networks, score_network
from .images import ImageSet, far_images, image_sets, noise_images
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
from .params import OutOfDistributionParams
from .scores import SCORES, fit_scores, score_images
from .study import score_classifier, study_seeds
from .subspace_scores import Residual, VirtualLogit
from .tables import (
    DetectionMeasures,
    detection_measures,
    detection_summary,
    network_table,
    seed_table,
)

__all__ = [
    "SCORES",
    "ActivationScaling",
    "ActivationShaping",
    "BoundaryDistance",
    "DensityPosterior",
    "DetectionMeasures",
    "Energy",
    "FittingOutputs",
    "GeneralizedEntropy",
    "HopfieldEnergy",
    "ImageScores",
    "ImageSet",
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
    "OutOfDistributionParams",
    "OutOfDistributionScore",
    "ReAct",
    "RelativeMahalanobis",
    "Residual",
    "TemperatureSoftmax",
    "VirtualLogit",
    "detection_measures",
    "detection_summary",
    "far_images",
    "figures",
    "fit_scores",
    "image_sets",
    "join_networks",
    "network_table",
    "noise_images",
    "score_classifier",
    "score_images",
    "score_network",
    "seed_table",
    "study_seeds",
]
