from .ascent import AscentResult, GradientAscent, maximize
from .input_descent import InputDescent, descend_cross_entropy, initial_images, zero_border
from .params import AscentParams, AscentPresetsParams, InputDescentParams, SecondNetworkParams

__all__ = [
    "AscentParams",
    "AscentPresetsParams",
    "AscentResult",
    "GradientAscent",
    "InputDescent",
    "InputDescentParams",
    "SecondNetworkParams",
    "descend_cross_entropy",
    "initial_images",
    "maximize",
    "zero_border",
]
