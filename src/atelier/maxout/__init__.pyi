from .networks import Maxout, convolutional_maxout, dense_maxout
from .params import (
    ConvolutionalParams,
    DescentParams,
    FunctionParams,
    MaxoutParams,
    PermutationInvariantParams,
)

__all__ = [
    "ConvolutionalParams",
    "DescentParams",
    "FunctionParams",
    "Maxout",
    "MaxoutParams",
    "PermutationInvariantParams",
    "convolutional_maxout",
    "dense_maxout",
]
