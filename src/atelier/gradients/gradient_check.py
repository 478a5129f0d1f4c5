"""A check of automatic gradients against numerical directional derivatives."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
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

REPEATABLE = 1e-4
"""Largest relative difference of two calls, by the order in which threads add."""


class GradientCheck(NamedTuple):
    """Directional derivatives by the tape and by differences, (directions,) each."""

    automatic: Array
    numerical: Array
    uncertainty: Array
    """Uncertainty of the numerical derivatives, from rounding and truncation."""
    scale: Array
    """Root of the sum of the squares of the elements' contributions to the derivative."""

    @property
    def error(self) -> float:
        """Largest difference beyond its uncertainty, relative to the derivative's scale."""
        excess = np.abs(self.automatic - self.numerical) - self.uncertainty
        sizes = np.maximum(self.scale, np.maximum(abs(self.numerical), abs(self.automatic)))
        relative = np.maximum(excess, 0) / np.where(sizes > 0, sizes, 1)
        return float(relative.max())


def check_gradient(
    function: Callable[..., Any],
    point: Sequence[Any],
    *,
    directions: int = 5,
    step: float | None = None,
    seed: int = 0,
) -> GradientCheck:
    """Compares the automatic gradient with numerical directional derivatives.

    Every element moves in proportion to its own size: along the gradient, along random directions,
    and in groups of elements of similar influence. The derivatives are central differences,
    extrapolated to a step of 0 (Ridders 1982). A wrong element is distinguished from rounding
    unless it contributes less to the function than the function's last digits: it causes an error
    of about its own error over the root of its group's size, which is √n elements (n / 32 from
    1024 elements on).

    A kink (ReLU at 0, ties of a maximum) has no derivative: there the tape takes one side and
    central differences the mean of both, and the check reports an error. Take another point.

    Args:
        function: Takes the values of ``point`` and returns a number; it may also read variables.
            Variables that it changes are restored.
        point: Variables (changed in place and restored) or arrays of floats. Correct gradients have
            errors up to about 1e-3 in float32 and 1e-8 in float64.
        directions: Number of random directions.
        step: Length of a single step along random unit directions, in place of all the above.
        seed: Seed of the directions.

    Returns:
        The derivatives with their uncertainty; ``error`` summarises them.

    Raises:
        ValueError: If a gradient is missing (the message says which and why), if two calls with the
            same values differ, as with dropout, if the result is not a finite number, or if the
            function's rounding exceeds its derivatives.

    Examples:
        >>> import numpy as np
        >>> import tensorflow as tf
        >>> from atelier.gradients import check_gradient
        >>> check = check_gradient(lambda x: tf.reduce_sum(tf.sin(x)), [np.array([0.5, 1.0])])
        >>> check.error < 1e-8
        True
    """
    values = [_as_variable(unwrap_keras_variable(value)) for value in point]
    changed = _require_repeatable(function, values)
    with restore_variables([*values, *changed]):
        flattened = FlattenedFunction(function, values, _gradients(function, values))
        if step is None:
            vectors = scaled_directions(flattened, directions, seed=seed)
            steps = halved_steps()
        else:
            vectors, steps = unit_directions(flattened, directions, seed=seed), [step]
        derivatives = [flattened.directional_derivative(vector, steps) for vector in vectors]
    return GradientCheck(*_resolved(derivatives))


def _as_variable(value: Any) -> Any:
    return value if isinstance(value, tf.Variable) else tf.Variable(value)


def _gradients(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    with restore_variables(values):
        diagnoses = diagnose_gradient(function, values)
    missing = [diagnosis for diagnosis in diagnoses if diagnosis.norm is None]
    if missing:
        raise ValueError(f"Expected a gradient for every value. Received: {missing}")
    with tf.GradientTape() as tape:
        result = function(*values)
    return list(tape.gradient(result, values))


def _require_repeatable(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """Returns the variables that the function changes; two calls must give the same number."""
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


def _resolved(derivatives: Sequence[DirectionalDerivative]) -> Array:
    """Returns the columns of those derivatives that exceed their rounding error."""
    table = np.array(derivatives, np.float64)
    automatic, numerical, uncertainty, scale = table.T
    is_finite = np.isfinite(numerical)
    is_clear = is_finite & (uncertainty < np.maximum(scale, np.abs(automatic - numerical)))
    is_flat = is_finite & (scale == 0)
    if not (is_clear | is_flat).any():
        raise ValueError(
            "Expected a function whose slopes exceed its rounding. Received: slopes of "
            f"{scale.max():.3g} that are uncertain by {uncertainty.min():.3g}. "
            "Compute it in float64, or without large constant terms"
        )
    return np.asarray(table[is_clear | is_flat].T)
