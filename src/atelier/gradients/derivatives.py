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

from atelier.gradients.directional_derivatives import (
    DirectionalDerivative,
    FlattenedFunction,
    as_float,
    halved_steps,
    scaled_directions,
    unit_directions,
)
from atelier.gradients.missing import diagnose_gradient
from atelier.gradients.state import assigned_variables, restore_variables, unwrap_keras_variable
from atelier.types import Array

SLOPE = 0.2
"""Of LeakyReLU below 0."""
EPSILON = float(np.finfo(np.float64).eps)
REPEATABLE = 1e-4
"""How far two calls of a function may part by the order in which threads add, relatively."""
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
def custom_sine(x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Sine with its gradient registered by hand: upstream · cos x, as the post shows."""
    return tf.sin(x), lambda upstream: upstream * tf.cos(x)


EXAMPLES = {
    "line": Example("2x − y", lambda m, x, y: 2 * x - y, (1.0, 2.0)),
    "wave": Example("sin x − y³", lambda m, x, y: m.sin(x) - y**3, (3.0, 5.0)),
    "product": Example("x² + 3xy", lambda m, x, y: x**2 + 3 * x * y, (2.0, 1.0)),
    "own sine": Example("sin x, gradient by hand", lambda m, x: m.custom_sine(x), (3.0,)),
    "kink": Example("LeakyReLU(x)", lambda m, x: m.leaky_relu(x), (0.0,)),
}
LIBRARIES = {
    "numpy": SimpleNamespace(
        sin=np.sin, custom_sine=np.sin, leaky_relu=lambda x: np.where(np.real(x) > 0, x, SLOPE * x)
    ),
    "sympy": SimpleNamespace(
        sin=sympy.sin,
        custom_sine=sympy.sin,
        leaky_relu=lambda x: sympy.Piecewise((x, x > 0), (SLOPE * x, True)),
    ),
    "tensorflow": SimpleNamespace(
        sin=tf.sin, custom_sine=custom_sine, leaky_relu=lambda x: tf.nn.leaky_relu(x, SLOPE)
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


def derivative_table() -> pd.DataFrame:
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


def step_size_errors(example: Example, steps: Array) -> pd.DataFrame:
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
    """Slopes along several directions, (directions,): of the tape, and of the function itself."""

    automatic: Array
    numerical: Array
    uncertainty: Array
    """Of the numerical slopes, from rounding and truncation."""
    scale: Array
    """What the elements contribute to the slope: the root of the sum of their squares."""

    @property
    def error(self) -> float:
        """Largest difference beyond its uncertainty, as a share of the slope's scale."""
        beyond = np.abs(self.automatic - self.numerical) - self.uncertainty
        sizes = np.maximum(self.scale, np.maximum(abs(self.numerical), abs(self.automatic)))
        shares = np.maximum(beyond, 0) / np.where(sizes > 0, sizes, 1)
        return float(shares.max())


def check_gradient(
    function: Callable[..., Any],
    point: Sequence[Any],
    *,
    directions: int = 5,
    step: float | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Compares the automatic gradient with the function's own slopes.

    Every element moves by a share of its own size, along the gradient, along random directions,
    and in groups of elements that matter alike; the slopes are central differences, extrapolated
    to a step of 0. A wrong element is told from rounding unless it matters less to the function
    than the function's last digits: it stands out by about its own error over the root of its
    group's size, which is √n elements (n / 32 from 1024 elements on).

    A kink (ReLU at 0, ties of a maximum) has no slope: there the tape takes one side and central
    differences the mean of both, so that the check rightly reports an error. Take another point.

    Args:
        function: Takes what ``point`` holds, returns a number; variables may be read from outside.
            Those that it changes have their values back afterwards.
        point: Variables (moved in place and put back) or arrays of floats. In float32 expect an
            error of up to some 1e-3, in float64 of 1e-8.
        directions: How many random directions, besides those above.
        step: Length of a single step along random unit directions instead of all the above.
        seed: Of the directions.

    Raises:
        ValueError: A gradient is missing (the message says which and why); two calls with the same
            values differ, as with dropout; the result is not a finite number; or the function's
            rounding hides its slopes.
    """
    values = [
        one if isinstance(one, tf.Variable) else tf.Variable(one)
        for one in map(unwrap_keras_variable, point)
    ]
    changed = _require_repeatable(function, values)
    with restore_variables([*values, *changed]):
        near = FlattenedFunction(function, values, _gradients(function, values))
        if step is None:
            along, steps = scaled_directions(near, directions, seed=seed), halved_steps()
        else:
            along, steps = unit_directions(near, directions, seed=seed), [step]
        slopes = [near.slope(direction, steps) for direction in along]
    return GradientCheck(*_resolved(slopes))


def _gradients(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    with restore_variables(values):
        found = diagnose_gradient(function, values)
    missing = [one for one in found if one.norm is None]
    if missing:
        raise ValueError(f"Expected a gradient for every value. Received: {missing}")
    with tf.GradientTape() as tape:
        result = function(*values)
    return list(tape.gradient(result, values))


def _require_repeatable(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """The variables that the function changes, if it gives the same number when called again."""
    results: list[float] = []
    changed = assigned_variables(
        lambda: results.extend(as_float(function(*values)) for _ in range(2))
    )
    first, second = results
    if not np.isfinite(results).all():
        raise ValueError(f"Expected a function with finite values. Received: {first}")
    if abs(first - second) > REPEATABLE * max(abs(first), abs(second)):
        names = ", ".join(variable.name for variable in changed) or "none"
        raise ValueError(
            "Expected a function that gives the same number when it is called again. Received: "
            f"{first} and {second}. It draws random numbers (dropout, augmentation) or changes "
            f"state; variables that it changes: {names}. Call layers with training=False, or fix "
            "the seed inside the function"
        )
    return changed


def _resolved(slopes: Sequence[DirectionalDerivative]) -> Array:
    """Columns of the slopes that rounding does not hide."""
    table = np.array(slopes, np.float64)
    automatic, numerical, uncertainty, scale = table.T
    known = np.isfinite(numerical)
    clear = known & (uncertainty < np.maximum(scale, np.abs(automatic - numerical)))
    flat = known & (scale == 0)
    if not (clear | flat).any():
        raise ValueError(
            "Expected a function whose slopes exceed its rounding. Received: slopes of "
            f"{scale.max():.3g} that are uncertain by {uncertainty.min():.3g}. "
            "Compute it in float64, or without what it adds to the rest"
        )
    return np.asarray(table[clear | flat].T)
