from .cells import cells_by_mixture
from .experiments import cluster_colours
from .mixture import (
    GaussianMixture,
    bayesian_information_criterion,
    em_steps,
    fit_mixture,
    parameter_count,
)
from .params import ColourParams, PlaneParams

__all__ = [
    "ColourParams",
    "GaussianMixture",
    "PlaneParams",
    "bayesian_information_criterion",
    "cells_by_mixture",
    "cluster_colours",
    "em_steps",
    "fit_mixture",
    "parameter_count",
]
