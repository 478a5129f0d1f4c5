from .averages import ThinnedAverages, thinned_averages
from .expectation import all_masks, mask_probabilities, scaled_at_test, scaled_at_training
from .generalization import generalization_gap
from .networks import Weights, forward
from .params import GapParams, ThinnedParams, WeightUpdateParams

__all__ = [
    "GapParams",
    "ThinnedAverages",
    "ThinnedParams",
    "WeightUpdateParams",
    "Weights",
    "all_masks",
    "forward",
    "generalization_gap",
    "mask_probabilities",
    "scaled_at_test",
    "scaled_at_training",
    "thinned_averages",
]
