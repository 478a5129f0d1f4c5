"""Derivatives computed numerically, symbolically and automatically.

Numerical: from values of the function at nearby points. Symbolic: by the rules of calculus on
expressions. Automatic: by the chain rule on numbers, backwards through the computation (reverse
mode). "Gradients in Tensorflow" (*Lipman's Artificial Intelligence Directory*) explains the three.
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import sympy
import tensorflow as tf

from atelier.types import Array

NEGATIVE_SLOPE = 0.2
"""Slope of LeakyReLU below 0."""
EPSILON = float(np.finfo(np.float64).eps)
Method = Literal["forward", "central", "complex step"]
STEPS: Mapping[Method, float] = {
    "forward": EPSILON ** (1 / 2),
    "central": EPSILON ** (1 / 3),
    "complex step": 1e-20,
}
"""The step at which truncation and rounding err about alike; a complex step has no rounding."""


class ExampleFunction(NamedTuple):
    """A function that is written once for NumPy, SymPy and TensorFlow, and a point."""

    formula: str
    function: Callable[..., Any]
    """Takes a library and the coordinates."""
    point: tuple[float, ...]


@tf.custom_gradient
def custom_sine(x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Computes the sine, with a gradient that is registered by hand: upstream · cos x."""
    return tf.sin(x), lambda upstream: upstream * tf.cos(x)


def _leaky_relu_in_numpy(x: Any) -> Any:
    return np.where(np.real(x) > 0, x, NEGATIVE_SLOPE * x)


def _leaky_relu_in_sympy(x: Any) -> Any:
    return sympy.Piecewise((x, x > 0), (NEGATIVE_SLOPE * x, True))


def _leaky_relu_in_tensorflow(x: Any) -> Any:
    return tf.nn.leaky_relu(x, NEGATIVE_SLOPE)


EXAMPLES = {
    "line": ExampleFunction("2x − y", lambda m, x, y: 2 * x - y, (1.0, 2.0)),
    "wave": ExampleFunction("sin x − y³", lambda m, x, y: m.sin(x) - y**3, (3.0, 5.0)),
    "product": ExampleFunction("x² + 3xy", lambda m, x, y: x**2 + 3 * x * y, (2.0, 1.0)),
    "custom sine": ExampleFunction(
        "sin x, gradient by hand", lambda m, x: m.custom_sine(x), (3.0,)
    ),
    "kink": ExampleFunction("LeakyReLU(x)", lambda m, x: m.leaky_relu(x), (0.0,)),
}
NUMPY = SimpleNamespace(sin=np.sin, custom_sine=np.sin, leaky_relu=_leaky_relu_in_numpy)
SYMPY = SimpleNamespace(sin=sympy.sin, custom_sine=sympy.sin, leaky_relu=_leaky_relu_in_sympy)
TENSORFLOW = SimpleNamespace(
    sin=tf.sin, custom_sine=custom_sine, leaky_relu=_leaky_relu_in_tensorflow
)


def numerical_gradient(
    function: Callable[[Array], Any],
    point: Sequence[float] | Array,
    *,
    method: Method,
    step: float | None = None,
) -> Array:
    """Computes the gradient of a function by finite differences or by a complex step.

    Forward: (f(x + h) − f(x)) / h. Central: (f(x + h) − f(x − h)) / 2h. Complex step:
    Im f(x + ih) / h (Squire & Trapp 1998), for functions that take complex numbers.

    Args:
        function: Maps an array (n,) to a number.
        point: Where the gradient is taken, (n,).
        method: ``forward``, ``central`` or ``complex step``.
        step: The step h, above 0. None is the method's entry in ``STEPS``, times the coordinate's
            absolute value where that exceeds 1.

    Returns:
        The gradient, (n,) float64.

    Examples:
        >>> from atelier.gradients import numerical_gradient
        >>> numerical_gradient(lambda x: x[0] ** 2, [3.0], method="forward", step=0.5)
        array([6.5])
    """
    center = np.asarray(point, np.float64)
    steps = np.full(len(center), step) if step else STEPS[method] * np.maximum(1, np.abs(center))
    gradient = []
    for index, h in enumerate(steps):
        shift = np.zeros(len(center))
        shift[index] = h
        if method == "complex step":
            gradient.append(np.imag(function(center + 1j * shift)) / h)
        elif method == "central":
            gradient.append((function(center + shift) - function(center - shift)) / (2 * h))
        else:
            gradient.append((function(center + shift) - function(center)) / h)
    return np.array(gradient, np.float64)


def symbolic_gradient(example: ExampleFunction) -> tuple[list[str], Array]:
    """Returns the partial derivatives as expressions, and their values at the example's point."""
    symbols = sympy.symbols("x y")[: len(example.point)]
    expression = example.function(SYMPY, *symbols)
    derivatives = [sympy.diff(expression, symbol) for symbol in symbols]
    point = dict(zip(symbols, example.point, strict=True))
    values = np.array([float(derivative.subs(point)) for derivative in derivatives])
    return [str(derivative) for derivative in derivatives], values


def automatic_gradient(example: ExampleFunction) -> Array:
    """Computes the gradient at the example's point by TensorFlow's reverse mode, in float64."""
    variables = [tf.Variable(value, dtype=tf.float64) for value in example.point]
    with tf.GradientTape() as tape:
        value = example.function(TENSORFLOW, *variables)
    return np.array([gradient.numpy() for gradient in tape.gradient(value, variables)])


def derivative_table() -> pd.DataFrame:
    """Computes every partial derivative of the examples by every method, a row for each.

    Returns:
        Columns ``function``, ``point``, ``by`` (the variable), ``derivative`` (the expression),
        the methods of ``STEPS``, ``symbolic`` and ``automatic``.
    """
    rows: list[dict[str, Any]] = []
    for example in EXAMPLES.values():
        expressions, symbolic = symbolic_gradient(example)
        gradients: dict[str, Array] = {
            method: numerical_gradient(_in_numpy(example), example.point, method=method)
            for method in STEPS
        }
        gradients |= {"symbolic": symbolic, "automatic": automatic_gradient(example)}
        for index, expression in enumerate(expressions):
            row = {"function": example.formula, "point": str(example.point)}
            row |= {"by": "xy"[index], "derivative": expression}
            rows.append(row | {method: values[index] for method, values in gradients.items()})
    return pd.DataFrame(rows)


def step_size_errors(example: ExampleFunction, steps: Array) -> pd.DataFrame:
    """Computes the error of numerical derivatives against symbolic ones by step size.

    Args:
        example: The function and the point.
        steps: Step sizes, (n,), above 0.

    Returns:
        Columns ``method``, ``step`` and ``error``, the largest of the partial derivatives.
    """
    _, exact = symbolic_gradient(example)
    function = _in_numpy(example)
    rows = []
    for method in STEPS:
        for step in steps:
            gradient = numerical_gradient(function, example.point, method=method, step=step)
            rows.append((method, step, np.abs(gradient - exact).max()))
    return pd.DataFrame(rows, columns=["method", "step", "error"])


def _in_numpy(example: ExampleFunction) -> Callable[[Array], Any]:
    return lambda point: example.function(NUMPY, *point)
