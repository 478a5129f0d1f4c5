from . import evaluation as evaluation
from . import figures as figures
from . import unit_figures as unit_figures
from .ascent import AscentResult, GradientAscent, maximize
from .diversity import pairwise_similarity
from .feature_maps import FeatureMaps
from .input_descent import InputDescent, descend_cross_entropy, descend_from_starts
from .own_model import (
    OwnModelAscent,
    maximize_own_model,
    preprocessing,
    unit_names,
    with_linear_output,
)
from .parametrizations import mean_magnitudes, photograph_crops
from .params import (
    AscentParams,
    AscentPresetsParams,
    InputDescentParams,
    ModelInputParams,
    SecondNetworkParams,
)
from .preset_ascents import maximize_layers, maximize_presets
from .starts import initial_images, list_starts, zero_border

__all__ = [
    "AscentParams",
    "AscentPresetsParams",
    "AscentResult",
    "FeatureMaps",
    "GradientAscent",
    "InputDescent",
    "InputDescentParams",
    "ModelInputParams",
    "OwnModelAscent",
    "SecondNetworkParams",
    "descend_cross_entropy",
    "descend_from_starts",
    "evaluation",
    "figures",
    "initial_images",
    "list_starts",
    "maximize",
    "maximize_layers",
    "maximize_own_model",
    "maximize_presets",
    "mean_magnitudes",
    "pairwise_similarity",
    "photograph_crops",
    "preprocessing",
    "unit_figures",
    "unit_names",
    "with_linear_output",
    "zero_border",
]
