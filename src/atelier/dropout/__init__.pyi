from . import figures as figures
from .averages import ThinnedAverages, thinned_averages
from .expectation import (
    all_masks,
    mask_probabilities,
    scaled_at_test,
    scaled_at_training,
    scaling_example,
)
from .generalization import generalization_gap, summarize_gap
from .monte_carlo import MonteCarloDropout, evaluate_confidence, monte_carlo_dropout
from .networks import Weights, forward
from .params import GapParams, ThinnedParams, WeightUpdateParams
from .training import DropoutTrainer, active_units
from .weight_updates import (
    WeightUpdates,
    compare_optimizers,
    dropped_update_ratios,
    measure_weight_updates,
    update_statistics,
)

__all__ = [
    "DropoutTrainer",
    "GapParams",
    "MonteCarloDropout",
    "ThinnedAverages",
    "ThinnedParams",
    "WeightUpdateParams",
    "WeightUpdates",
    "Weights",
    "active_units",
    "all_masks",
    "compare_optimizers",
    "dropped_update_ratios",
    "evaluate_confidence",
    "figures",
    "forward",
    "generalization_gap",
    "mask_probabilities",
    "measure_weight_updates",
    "monte_carlo_dropout",
    "scaled_at_test",
    "scaled_at_training",
    "scaling_example",
    "summarize_gap",
    "thinned_averages",
    "update_statistics",
]
