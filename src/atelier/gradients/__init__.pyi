from .derivatives import GradientCheck, check_gradient, numerical_gradient
from .jacobians import forward_jacobian, reverse_jacobian
from .missing import Diagnosis, diagnose_gradient
from .params import ModeParams, ThreeWaysParams

__all__ = [
    "Diagnosis",
    "GradientCheck",
    "ModeParams",
    "ThreeWaysParams",
    "check_gradient",
    "diagnose_gradient",
    "forward_jacobian",
    "numerical_gradient",
    "reverse_jacobian",
]
