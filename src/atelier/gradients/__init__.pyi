from . import figures as figures
from .derivatives import EXAMPLES, derivative_table, numerical_gradient, step_size_errors
from .examples import example_of_each_reason
from .gradient_check import GradientCheck, check_gradient
from .jacobians import forward_jacobian, growing_sizes, jacobian_costs, reverse_jacobian
from .minimization import minimize_three_ways
from .missing import GradientDiagnosis, diagnose_gradient
from .model_check import check_model_gradient, random_inputs
from .params import JacobianParams, MinimizationParams, ModelCheckParams

__all__ = [
    "EXAMPLES",
    "GradientCheck",
    "GradientDiagnosis",
    "JacobianParams",
    "MinimizationParams",
    "ModelCheckParams",
    "check_gradient",
    "check_model_gradient",
    "derivative_table",
    "diagnose_gradient",
    "example_of_each_reason",
    "figures",
    "forward_jacobian",
    "growing_sizes",
    "jacobian_costs",
    "minimize_three_ways",
    "numerical_gradient",
    "random_inputs",
    "reverse_jacobian",
    "step_size_errors",
]
