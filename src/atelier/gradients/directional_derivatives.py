"""Directional derivatives of a function by central differences, beside those of its gradient."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from atelier.types import Array

LONGEST, HALVINGS, ORDERS = 0.25, 24, 6
"""The first step relative to the values; number of halvings; orders of extrapolation."""
CONFIRMED = 0.03
"""Share of rounding in the derivative at the step that confirms an extrapolation."""
TOLERANCE = 1e-3
"""Relative accuracy at which an extrapolation stops."""
ROUNDINGS = 4
"""Assumed rounding error of a function's value, in units in the last place."""
SMALLEST = 0.01
"""Least scale of a value, relative to the median of its tensor."""
MOST_GROUPS = 32


class DirectionalDerivative(NamedTuple):
    """The derivative along one direction, by the gradient and by differences."""

    automatic: float
    numerical: float
    uncertainty: float
    """Uncertainty of ``numerical``; infinite where no step gave a number."""
    scale: float
    """Root of the sum of the squares of the elements' contributions to ``automatic``."""


class FlattenedFunction:
    """A function of several tensors as a function of one vector, near a point.

    Args:
        function: Takes the values; returns a number.
        values: TensorFlow variables, which are assigned to.
        gradients: Gradient of each value at the point.
    """

    def __init__(
        self, function: Callable[..., Any], values: Sequence[Any], gradients: Sequence[Any]
    ) -> None:
        self._function, self._values = function, values
        self._shapes = [tuple(value.shape) for value in values]
        self._ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])
        self.point = _joined(values)
        self.gradient = _joined([tf.convert_to_tensor(g) for g in gradients])
        self.scales = np.concatenate([_scales(np.asarray(value)) for value in values])
        self.epsilon = max(float(np.finfo(v.dtype.as_numpy_dtype).eps) for v in values)

    def evaluate(self, vector: Array) -> tuple[float, Array]:
        """Returns the value at ``vector``, and the vector rounded to the types of the values."""
        parts = np.split(vector, self._ends[:-1])
        for value, part, shape in zip(self._values, parts, self._shapes, strict=True):
            value.assign(tf.cast(part.reshape(shape), value.dtype))
        return as_float(self._function(*self._values)), _joined(self._values)

    def directional_derivative(
        self, direction: Array, steps: Sequence[float]
    ) -> DirectionalDerivative:
        """Computes the derivative along ``direction`` by central differences.

        A single step is used as it is; several are extrapolated to a step of 0. The result of long
        steps must agree with the shortest step that rounding permits. Otherwise they were too long
        for the function (as for a wave of many periods), and shorter ones are used.

        Args:
            direction: Direction, (n,), whose length scales the result.
            steps: Steps along the direction, the longest first.
        """
        parts = self.gradient * direction
        automatic, scale = float(parts.sum()), float(np.sqrt((parts**2).sum()))
        if len(steps) == 1:
            gap, noise = self._gap(direction, steps[0])
            return DirectionalDerivative(automatic, automatic + gap, noise, scale)
        gap, uncertainty = self._extrapolate(direction, steps, scale)
        while len(steps) > 2 and not self._is_confirmed(
            direction, gap, uncertainty, scale, steps[-1]
        ):
            steps = steps[len(steps) // 3 :]
            gap, uncertainty = self._extrapolate(direction, steps, scale)
        return DirectionalDerivative(automatic, automatic + gap, uncertainty, scale)

    def _extrapolate(
        self, direction: Array, steps: Sequence[float], scale: float
    ) -> tuple[float, float]:
        """Returns the gap to the gradient's derivative at a step of 0, and its uncertainty.

        Ridders' method (1982): of all extrapolations of differences with halved steps, the least
        uncertain. The gap is the difference to the gradient's derivative between the same two
        points, so that their rounding cancels out.
        """
        gap, uncertainty = np.nan, np.inf
        previous_row: list[float] = []
        for step in steps:
            raw, noise = self._gap(direction, step)
            row = _extrapolated(raw, previous_row) if np.isfinite(raw) else []
            for order, value in enumerate(row[1:], start=1):
                changes = abs(value - row[order - 1]), abs(value - previous_row[order - 1])
                if max(changes) + noise < uncertainty:
                    gap, uncertainty = value, max(changes) + noise
            previous_row = row
            tolerance = max(np.sqrt(self.epsilon) / 10 * scale, TOLERANCE * abs(gap))
            if row and (noise > uncertainty or uncertainty < tolerance):
                break
        return gap, uncertainty

    def _is_confirmed(
        self, direction: Array, gap: float, uncertainty: float, scale: float, shortest: float
    ) -> bool:
        """Tests whether a step at which rounding is ``CONFIRMED`` of the scale agrees."""
        size = max(scale, abs(gap))
        _, noise = self._gap(direction, LONGEST)
        step = max(noise * LONGEST / (CONFIRMED * size), shortest) if size > 0 else LONGEST
        if step >= LONGEST or not np.isfinite(gap):
            return True
        raw, noise = self._gap(direction, step)
        return abs(raw - gap) <= uncertainty + noise + 2 * CONFIRMED * size

    def _gap(self, direction: Array, step: float) -> tuple[float, float]:
        """Returns the numerical derivative less the gradient's, and its rounding error."""
        ahead, upper = self.evaluate(self.point + step * direction)
        behind, lower = self.evaluate(self.point - step * direction)
        noise = ROUNDINGS * self.epsilon * max(abs(ahead), abs(behind)) / (2 * step)
        rise = float(self.gradient @ (upper - lower))
        return (ahead - behind - rise) / (2 * step), noise


def halved_steps() -> list[float]:
    """Returns steps relative to the values' scales, the longest first."""
    return [LONGEST / 2**index for index in range(HALVINGS)]


def as_float(result: Any) -> float:
    """Returns a function's result as a float.

    Raises:
        ValueError: If it is not a single number.
    """
    array = np.asarray(result)
    if array.size != 1:
        raise ValueError(f"Expected a function that returns a number. Received: {array.shape}")
    return float(array.ravel()[0])


def scaled_directions(function: FlattenedFunction, random: int, *, seed: int) -> Iterator[Array]:
    """Yields directions in which every element moves by its own scale, up or down.

    The first is uphill by the gradient, the next have random signs. Then groups of elements with
    similar contributions move alone, so that a wrong element among many has a visible effect.

    Args:
        function: The function near a point.
        random: Number of directions with random signs.
        seed: Seed of the signs.

    Yields:
        Directions, (n,).
    """
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], function.scales.shape)
    yield function.scales * np.where(function.gradient == 0, signs, np.sign(function.gradient))
    for _ in range(random):
        yield function.scales * rng.choice([-1.0, 1.0], function.scales.shape)
    count = len(function.scales)
    order = np.argsort(np.abs(function.gradient) * function.scales)
    groups = min(int(np.ceil(np.sqrt(count))), MOST_GROUPS)
    for group in np.array_split(order, groups) if count > 1 else []:
        direction = np.zeros(count)
        direction[group] = (function.scales * signs)[group]
        yield direction


def unit_directions(function: FlattenedFunction, random: int, *, seed: int) -> Iterator[Array]:
    """Yields random directions of length 1.

    Args:
        function: The function near a point.
        random: Number of directions.
        seed: Seed of the directions.

    Yields:
        Directions, (n,).
    """
    rng = np.random.default_rng(seed)
    for _ in range(random):
        direction = rng.normal(size=function.point.shape)
        yield direction / np.linalg.norm(direction)


def _extrapolated(raw: float, previous_row: Sequence[float]) -> list[float]:
    """Returns Richardson's row: each entry removes one more even power of the step."""
    row = [raw]
    for order, previous in enumerate(previous_row[:ORDERS], start=1):
        row.append(row[-1] + (row[-1] - previous) / (4**order - 1))
    return row


def _joined(tensors: Sequence[Any]) -> Array:
    return np.concatenate([np.asarray(tensor, np.float64).ravel() for tensor in tensors])


def _scales(values: Array) -> Array:
    """Returns each element's size, at least a share of the median of those that are not 0."""
    sizes = np.abs(values.astype(np.float64)).ravel()
    finite = sizes[np.isfinite(sizes) & (sizes > 0)]
    median = float(np.median(finite)) if len(finite) else 1.0
    return np.where(sizes == 0, median, np.maximum(sizes, SMALLEST * median))
