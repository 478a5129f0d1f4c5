from . import figures as figures
from .cells import cells_by_mixture, probability_by_mixture
from .colours import (
    ColourClusters,
    cluster_colours,
    colour_metrics,
    components_with_least_bic,
    informative_columns,
)
from .dirichlet_process import fit_dirichlet_process
from .em import MixtureStep
from .experiments import (
    LabelledPoints,
    initialisation_metrics,
    initialisation_table,
    sample_gaussian_clusters,
    share_reaching_best,
    trace_em,
)
from .information_criteria import (
    bayesian_information_criterion,
    integrated_completed_likelihood,
    parameter_count,
)
from .mixture import GaussianMixture, em_steps, fit_mixture
from .params import ColourParams, PlaneParams
from .two_gaussians import decision_boundaries, decision_boundary, fit_two_gaussians

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
    "decision_boundaries",
    "decision_boundary",
    "em_steps",
    "figures",
    "fit_dirichlet_process",
    "fit_mixture",
    "fit_two_gaussians",
    "informative_columns",
    "initialisation_metrics",
    "initialisation_table",
    "integrated_completed_likelihood",
    "parameter_count",
    "probability_by_mixture",
    "sample_gaussian_clusters",
    "share_reaching_best",
    "trace_em",
]
