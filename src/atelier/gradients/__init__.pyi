from .derivatives import GradientCheck, check_gradient, numerical_gradient
from .jacobians import forward_jacobian, reverse_jacobian
from .missing import GradientDiagnosis, diagnose_gradient
from .params import JacobianParams, MinimizationParams

__all__ = [
    "GradientCheck",
    "GradientDiagnosis",
    "JacobianParams",
    "MinimizationParams",
    "check_gradient",
    "diagnose_gradient",
    "forward_jacobian",
    "numerical_gradient",
    "reverse_jacobian",
]
