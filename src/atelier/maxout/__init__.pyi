from . import figures as figures
from .comparison import compare_with_relu, error_rates, find_mistakes, piece_shares
from .functions import FunctionFit, fit_functions
from .networks import (
    Maxout,
    convolutional_maxout,
    convolutional_network,
    dense_maxout,
    permutation_invariant_network,
    rectified_width,
)
from .params import (
    ConvolutionalParams,
    FunctionParams,
    MaxoutParams,
    MomentumParams,
    PermutationInvariantParams,
)
from .training import shuffled_together, train_with_momentum

__all__ = [
    "ConvolutionalParams",
    "FunctionFit",
    "FunctionParams",
    "Maxout",
    "MaxoutParams",
    "MomentumParams",
    "PermutationInvariantParams",
    "compare_with_relu",
    "convolutional_maxout",
    "convolutional_network",
    "dense_maxout",
    "error_rates",
    "figures",
    "find_mistakes",
    "fit_functions",
    "permutation_invariant_network",
    "piece_shares",
    "rectified_width",
    "shuffled_together",
    "train_with_momentum",
]
