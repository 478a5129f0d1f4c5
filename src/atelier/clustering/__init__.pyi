from . import figures as figures
from .cells import cells_by_mixture, probability_by_mixture
from .colours import (
    ColourClusters,
    cluster_colours,
    colour_metrics,
    components_with_least_bic,
    informative_columns,
)
from .em import MixtureStep
from .experiments import (
    LabelledPoints,
    initialisation_metrics,
    initialisation_table,
    sample_gaussian_clusters,
    share_reaching_best,
    trace_em,
)
from .information_criteria import bayesian_information_criterion, parameter_count
from .mixture import GaussianMixture, em_steps, fit_mixture
from .params import ColourParams, PlaneParams

__all__ = [
    "ColourClusters",
    "ColourParams",
    "GaussianMixture",
    "LabelledPoints",
    "MixtureStep",
    "PlaneParams",
    "bayesian_information_criterion",
    "cells_by_mixture",
    "cluster_colours",
    "colour_metrics",
    "components_with_least_bic",
    "em_steps",
    "figures",
    "fit_mixture",
    "informative_columns",
    "initialisation_metrics",
    "initialisation_table",
    "parameter_count",
    "probability_by_mixture",
    "sample_gaussian_clusters",
    "share_reaching_best",
    "trace_em",
]
