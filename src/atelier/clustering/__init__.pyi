from .cells import cells_by_mixture
from .experiments import cluster_colours
from .mixture import Mixture, bayesian_information, em_steps, fit_mixture, parameter_count
from .params import ColourParams, PlaneParams

__all__ = [
    "ColourParams",
    "Mixture",
    "PlaneParams",
    "bayesian_information",
    "cells_by_mixture",
    "cluster_colours",
    "em_steps",
    "fit_mixture",
    "parameter_count",
]
