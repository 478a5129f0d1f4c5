from .networks import Maxout, convolutional_maxout, dense_maxout
from .params import (
    ConvolutionalParams,
    FunctionParams,
    MaxoutParams,
    MomentumParams,
    PermutationInvariantParams,
)

__all__ = [
    "ConvolutionalParams",
    "FunctionParams",
    "Maxout",
    "MaxoutParams",
    "MomentumParams",
    "PermutationInvariantParams",
    "convolutional_maxout",
    "dense_maxout",
]
