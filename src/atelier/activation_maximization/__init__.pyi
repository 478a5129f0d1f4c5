from . import evaluation as evaluation
from . import figures as figures
from .ascent import AscentResult, GradientAscent, maximize, maximize_layers, maximize_presets
from .feature_maps import FeatureMaps
from .input_descent import InputDescent, descend_cross_entropy, descend_from_starts
from .params import AscentParams, AscentPresetsParams, InputDescentParams, SecondNetworkParams
from .starts import initial_images, list_starts, zero_border

__all__ = [
    "AscentParams",
    "AscentPresetsParams",
    "AscentResult",
    "FeatureMaps",
    "GradientAscent",
    "InputDescent",
    "InputDescentParams",
    "SecondNetworkParams",
    "descend_cross_entropy",
    "descend_from_starts",
    "evaluation",
    "figures",
    "initial_images",
    "list_starts",
    "maximize",
    "maximize_layers",
    "maximize_presets",
    "zero_border",
]
