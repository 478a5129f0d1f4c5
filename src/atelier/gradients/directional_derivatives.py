"""How far a gradient is from the function's own slope along a direction, rounding allowed for."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from atelier.types import Array

LONGEST, HALVINGS, ORDERS = 0.25, 24, 6
"""The first step as a share of the values; how often it is halved; orders of extrapolation."""
CONFIRMED = 0.03
"""The share of a slope that rounding may make up in the step that confirms it."""
ENOUGH = 1e-3
"""How exactly a difference has to be known, as a share of itself."""
ROUNDINGS = 4
"""Units in the last place by which a function's value is taken to be off."""
SMALLEST = 0.01
"""The least scale of a value, as a share of the median of its tensor."""
MOST_GROUPS = 32


class DirectionalDerivative(NamedTuple):
    """The slope along one direction, of the gradient and of the function."""

    automatic: float
    numerical: float
    uncertainty: float
    """Of ``numerical``, from rounding and truncation; infinite where no step gave a number."""
    scale: float
    """Root of the sum of the squares of what the elements contribute to ``automatic``."""


class FlattenedFunction:
    """A function near a point, its values and their gradient as one vector each.

    Args:
        function: Takes the values; returns a number.
        values: TensorFlow variables, which are assigned to.
        gradients: One for each value.
    """

    def __init__(
        self, function: Callable[..., Any], values: Sequence[Any], gradients: Sequence[Any]
    ) -> None:
        self._function, self._values = function, values
        self._shapes = [tuple(value.shape) for value in values]
        self._ends = np.cumsum([int(np.prod(shape)) for shape in self._shapes])
        self.point = _joined(values)
        self.gradient = _joined([tf.convert_to_tensor(one) for one in gradients])
        self.scales = np.concatenate([_scales(np.asarray(value)) for value in values])
        self.epsilon = max(float(np.finfo(one.dtype.as_numpy_dtype).eps) for one in values)

    def at(self, vector: Array) -> tuple[float, Array]:
        """The function's value near ``vector``, and the vector as the values' types round it."""
        parts = np.split(vector, self._ends[:-1])
        for value, part, shape in zip(self._values, parts, self._shapes, strict=True):
            value.assign(tf.cast(part.reshape(shape), value.dtype))
        return as_float(self._function(*self._values)), _joined(self._values)

    def slope(self, direction: Array, steps: Sequence[float]) -> DirectionalDerivative:
        """The slope along ``direction`` by central differences.

        A single step is taken as it is; several are extrapolated to a step of 0. What comes of
        long steps must agree with the shortest step that rounding allows, or else they were too
        long for the function (as for a wave of many periods), and shorter ones are taken.
        """
        parts = self.gradient * direction
        automatic, scale = float(parts.sum()), float(np.sqrt((parts**2).sum()))
        if len(steps) == 1:
            gap, doubt = self._gap(direction, steps[0])
            return DirectionalDerivative(automatic, automatic + gap, doubt, scale)
        gap, doubt = self._extrapolate(direction, steps, scale)
        while len(steps) > 2 and not self._is_confirmed(direction, gap, doubt, scale, steps[-1]):
            steps = steps[len(steps) // 3 :]
            gap, doubt = self._extrapolate(direction, steps, scale)
        return DirectionalDerivative(automatic, automatic + gap, doubt, scale)

    def _extrapolate(
        self, direction: Array, steps: Sequence[float], scale: float
    ) -> tuple[float, float]:
        """The difference from the gradient's slope at a step of 0, and how far it may be off.

        Ridders' method (1982): of all extrapolations of differences with halved steps, the least
        uncertain. The difference is taken from the gradient's slope between the same two points,
        so that their rounding cancels out.
        """
        gap, uncertainty = np.nan, np.inf
        before: list[float] = []
        for step in steps:
            raw, noise = self._gap(direction, step)
            row = _extrapolated(raw, before) if np.isfinite(raw) else []
            for order, value in enumerate(row[1:], start=1):
                doubt = max(abs(value - row[order - 1]), abs(value - before[order - 1])) + noise
                if doubt < uncertainty:
                    gap, uncertainty = value, doubt
            before = row
            enough = max(np.sqrt(self.epsilon) / 10 * scale, ENOUGH * abs(gap))
            if row and (noise > uncertainty or uncertainty < enough):
                break
        return gap, uncertainty

    def _is_confirmed(
        self, direction: Array, gap: float, doubt: float, scale: float, shortest: float
    ) -> bool:
        """Whether a step so short that rounding makes up ``CONFIRMED`` of the scale agrees."""
        size = max(scale, abs(gap))
        _, noise = self._gap(direction, LONGEST)
        step = max(noise * LONGEST / (CONFIRMED * size), shortest) if size > 0 else LONGEST
        if step >= LONGEST or not np.isfinite(gap):
            return True
        raw, noise = self._gap(direction, step)
        return abs(raw - gap) <= doubt + noise + 2 * CONFIRMED * size

    def _gap(self, direction: Array, step: float) -> tuple[float, float]:
        """Numerical slope less the gradient's between the same points, and its rounding error."""
        ahead, upper = self.at(self.point + step * direction)
        behind, lower = self.at(self.point - step * direction)
        noise = ROUNDINGS * self.epsilon * max(abs(ahead), abs(behind)) / (2 * step)
        rise = float(self.gradient @ (upper - lower))
        return (ahead - behind - rise) / (2 * step), noise


def halved_steps() -> list[float]:
    """Steps as shares of the values' scales, the longest first."""
    return [LONGEST / 2**index for index in range(HALVINGS)]


def as_float(result: Any) -> float:
    """The function's result as a float.

    Raises:
        ValueError: It is not a single number.
    """
    array = np.asarray(result)
    if array.size != 1:
        raise ValueError(f"Expected a function that returns a number. Received: {array.shape}")
    return float(array.ravel()[0])


def scaled_directions(near: FlattenedFunction, random: int, *, seed: int) -> Iterator[Array]:
    """Directions in which every element moves by its own scale, in one sense or the other.

    The first is uphill by the gradient, ``random`` ones have random signs. Then groups of elements
    with like contributions move alone, so that one wrong element among many stands out.
    """
    draws = np.random.default_rng(seed)
    signs = draws.choice([-1.0, 1.0], near.scales.shape)
    yield near.scales * np.where(near.gradient == 0, signs, np.sign(near.gradient))
    for _ in range(random):
        yield near.scales * draws.choice([-1.0, 1.0], near.scales.shape)
    count = len(near.scales)
    order = np.argsort(np.abs(near.gradient) * near.scales)
    groups = min(int(np.ceil(np.sqrt(count))), MOST_GROUPS)
    for group in np.array_split(order, groups) if count > 1 else []:
        direction = np.zeros(count)
        direction[group] = (near.scales * signs)[group]
        yield direction


def unit_directions(near: FlattenedFunction, random: int, *, seed: int) -> Iterator[Array]:
    """Random directions of length 1."""
    draws = np.random.default_rng(seed)
    for _ in range(random):
        direction = draws.normal(size=near.point.shape)
        yield direction / np.linalg.norm(direction)


def _extrapolated(raw: float, before: Sequence[float]) -> list[float]:
    """Richardson's row: each entry removes one more even power of the step."""
    row = [raw]
    for order, old in enumerate(before[:ORDERS], start=1):
        row.append(row[-1] + (row[-1] - old) / (4**order - 1))
    return row


def _joined(tensors: Sequence[Any]) -> Array:
    return np.concatenate([np.asarray(one, np.float64).ravel() for one in tensors])


def _scales(values: Array) -> Array:
    """Of each element: its size; of those near 0, a share of the others' median; else 1."""
    sizes = np.abs(values.astype(np.float64)).ravel()
    finite = sizes[np.isfinite(sizes) & (sizes > 0)]
    median = float(np.median(finite)) if len(finite) else 1.0
    return np.where(sizes == 0, median, np.maximum(sizes, SMALLEST * median))
