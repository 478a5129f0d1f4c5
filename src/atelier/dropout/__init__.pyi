from .averages import Averages, thinned_averages
from .expectation import every_mask, mask_weights, scaled_at_test, scaled_at_training
from .generalization import gap_study
from .networks import Weights, forward
from .params import CensusParams, GapParams, ThinnedParams

__all__ = [
    "Averages",
    "CensusParams",
    "GapParams",
    "ThinnedParams",
    "Weights",
    "every_mask",
    "forward",
    "gap_study",
    "mask_weights",
    "scaled_at_test",
    "scaled_at_training",
    "thinned_averages",
]
