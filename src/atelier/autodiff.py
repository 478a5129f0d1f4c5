"""Derivatives in three ways, and a check that follows.

Numerical: the function's values at nearby points. Symbolic: rules of calculus on expressions.
Automatic: the chain rule on numbers, backwards through what was computed (reverse mode).
"""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import sympy
import tensorflow as tf

from atelier.diagnosis import diagnose_gradient, plain
from atelier.types import Array

SLOPE = 0.2
"""Of LeakyReLU below 0."""
EPSILON = float(np.finfo(np.float64).eps)
Method = Literal["forward", "central", "complex step"]
STEPS: Mapping[Method, float] = {
    "forward": EPSILON ** (1 / 2),
    "central": EPSILON ** (1 / 3),
    "complex step": 1e-20,
}
"""The step at which truncation and rounding err about alike; a complex step has no rounding."""


class Example(NamedTuple):
    """A function written once for NumPy, SymPy and TensorFlow, and where it is differentiated."""

    formula: str
    function: Callable[..., Any]
    """Takes a library and the coordinates."""
    point: tuple[float, ...]


@tf.custom_gradient
def own_sine(x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Sine with its gradient registered by hand: upstream · cos x, as the post shows."""
    return tf.sin(x), lambda upstream: upstream * tf.cos(x)


EXAMPLES = {
    "line": Example("2x − y", lambda m, x, y: 2 * x - y, (1.0, 2.0)),
    "wave": Example("sin x − y³", lambda m, x, y: m.sin(x) - y**3, (3.0, 5.0)),
    "product": Example("x² + 3xy", lambda m, x, y: x**2 + 3 * x * y, (2.0, 1.0)),
    "own sine": Example("sin x, gradient by hand", lambda m, x: m.own_sine(x), (3.0,)),
    "kink": Example("LeakyReLU(x)", lambda m, x: m.leaky_relu(x), (0.0,)),
}
LIBRARIES = {
    "numpy": SimpleNamespace(
        sin=np.sin, own_sine=np.sin, leaky_relu=lambda x: np.where(np.real(x) > 0, x, SLOPE * x)
    ),
    "sympy": SimpleNamespace(
        sin=sympy.sin,
        own_sine=sympy.sin,
        leaky_relu=lambda x: sympy.Piecewise((x, x > 0), (SLOPE * x, True)),
    ),
    "tensorflow": SimpleNamespace(
        sin=tf.sin, own_sine=own_sine, leaky_relu=lambda x: tf.nn.leaky_relu(x, SLOPE)
    ),
}


def numerical_gradient(
    function: Callable[[Array], Any],
    point: Sequence[float] | Array,
    *,
    method: Method,
    step: float | None = None,
) -> Array:
    """Slope of ``function`` along each coordinate, (n,).

    Forward, (f(x + h) − f(x)) / h; central, (f(x + h) − f(x − h)) / 2h; or by a complex step,
    Im f(x + ih) / h (Squire & Trapp 1998), for functions that take complex numbers.

    Args:
        function: From (n,) to a number.
        point: (n,).
        method: One of STEPS.
        step: h; by default that of STEPS, times the coordinate where it is larger than 1.
    """
    place = np.asarray(point, np.float64)
    widths = np.full(len(place), step) if step else STEPS[method] * np.maximum(1, np.abs(place))
    slopes = []
    for index, h in enumerate(widths):
        shift = np.zeros(len(place))
        shift[index] = h
        if method == "complex step":
            slopes.append(np.imag(function(place + 1j * shift)) / h)
        elif method == "central":
            slopes.append((function(place + shift) - function(place - shift)) / (2 * h))
        else:
            slopes.append((function(place + shift) - function(place)) / h)
    return np.array(slopes, np.float64)


def symbolic_gradient(example: Example) -> tuple[list[str], Array]:
    """The partial derivatives as expressions, and their values at the example's point."""
    symbols = sympy.symbols("x y")[: len(example.point)]
    expression = example.function(LIBRARIES["sympy"], *symbols)
    partial = [sympy.diff(expression, symbol) for symbol in symbols]
    values = [one.subs(dict(zip(symbols, example.point, strict=True))) for one in partial]
    return [str(one) for one in partial], np.array([float(value) for value in values])


def automatic_gradient(example: Example) -> Array:
    """Gradient at the example's point by TensorFlow's reverse mode, in float64."""
    variables = [tf.Variable(value, dtype=tf.float64) for value in example.point]
    with tf.GradientTape() as tape:
        value = example.function(LIBRARIES["tensorflow"], *variables)
    return np.array([slope.numpy() for slope in tape.gradient(value, variables)])


def derivatives() -> pd.DataFrame:
    """Every partial derivative of EXAMPLES in every way: a row for each."""
    rows: list[dict[str, Any]] = []
    for example in EXAMPLES.values():
        expressions, symbolic = symbolic_gradient(example)
        ways: dict[str, Array] = {
            method: numerical_gradient(_on_numpy(example), example.point, method=method)
            for method in STEPS
        }
        ways |= {"symbolic": symbolic, "automatic": automatic_gradient(example)}
        for index, expression in enumerate(expressions):
            name = {"function": example.formula, "point": str(example.point)}
            partial = {"by": "xy"[index], "derivative": expression}
            rows.append(name | partial | {way: values[index] for way, values in ways.items()})
    return pd.DataFrame(rows)


def error_curve(example: Example, steps: Array) -> pd.DataFrame:
    """Largest error of a partial derivative against the symbolic one: ``method, step, error``."""
    exact = symbolic_gradient(example)[1]
    function = _on_numpy(example)
    rows = [
        (
            method,
            step,
            np.abs(
                numerical_gradient(function, example.point, method=method, step=step) - exact
            ).max(),
        )
        for method in STEPS
        for step in steps
    ]
    return pd.DataFrame(rows, columns=["method", "step", "error"])


def _on_numpy(example: Example) -> Callable[[Array], Any]:
    return lambda point: example.function(LIBRARIES["numpy"], *point)


class GradientCheck(NamedTuple):
    """Slopes along random directions, (directions,): of the tape, and of the function itself."""

    automatic: Array
    numerical: Array

    @property
    def error(self) -> float:
        """Largest difference, as a share of the largest slope."""
        scale = max(float(np.abs(self.numerical).max()), float(np.abs(self.automatic).max()), 1e-30)
        return float(np.abs(self.automatic - self.numerical).max()) / scale


def check_gradient(
    function: Callable[..., Any],
    point: Sequence[Any],
    *,
    directions: int = 5,
    step: float | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Compare the automatic gradient with central differences along random unit directions.

    Args:
        function: Takes what ``point`` holds, returns a number; variables may be read from outside.
        point: Variables (moved in place and put back) or arrays, of one float type. In float32
            expect an error of some 1e-3, in float64 of 1e-8.
        directions: How many.
        step: Length of the step; by default ε^⅓ of the type.
        seed: Of the directions.

    Raises:
        ValueError: A gradient is missing; the message says which and why.
    """
    values = [
        one if isinstance(one, tf.Variable) else tf.Variable(one) for one in map(plain, point)
    ]
    with tf.GradientTape() as tape:
        result = function(*values)
    gradients = tape.gradient(result, values)
    if any(one is None for one in gradients):
        missing = [one for one in diagnose_gradient(function, values) if one.reason]
        raise ValueError(f"Expected a gradient for every value. Received: {missing}")
    dtype = values[0].dtype.as_numpy_dtype
    h = step or float(np.finfo(dtype).eps) ** (1 / 3)
    rng, found = np.random.default_rng(seed), []
    for _ in range(directions):
        ways = [rng.normal(size=value.shape) for value in values]
        length = np.sqrt(sum(float((way**2).sum()) for way in ways))
        ways = [(way / length).astype(dtype) for way in ways]
        slope = sum(
            float((np.asarray(tf.convert_to_tensor(g), np.float64) * way).sum())
            for g, way in zip(gradients, ways, strict=True)
        )
        ahead, behind = (_moved(function, values, ways, sign * h) for sign in (1, -1))
        found.append((slope, (ahead - behind) / (2 * h)))
    return GradientCheck(*np.array(found).T)


def _moved(
    function: Callable[..., Any], values: Sequence[Any], ways: Sequence[Array], by: float
) -> float:
    before = [value.numpy() for value in values]
    try:
        for value, way in zip(values, ways, strict=True):
            value.assign_add(tf.cast(way * by, value.dtype))
        return float(function(*values))
    finally:
        for value, old in zip(values, before, strict=True):
            value.assign(old)
