"""Why a gradient is missing."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf


def plain(value: Any) -> Any:
    """The TensorFlow variable inside a Keras one; anything else as it is."""
    inner = getattr(value, "value", None)
    return inner if isinstance(inner, tf.Variable) else value


class Diagnosis(NamedTuple):
    """Whether a value has a gradient, and if not, why."""

    name: str
    norm: float | None
    reason: str


def diagnose_gradient(
    function: Callable[..., Any], values: Sequence[Any], *, names: Sequence[str] | None = None
) -> list[Diagnosis]:
    """For each value, the norm of its gradient, or why it has none.

    The reasons: it is of integers; it was not watched (a tensor, or a variable that is not
    trainable); the result does depend on it, but by way of NumPy or of an operation without a
    gradient; or the result does not depend on it.

    Args:
        function: Takes the values, returns a number.
        values: Variables or tensors, as the function is called with.
        names: What to call them; else their own names, or their places.
    """
    values = [plain(value) for value in values]
    called = names or [_name(value, place) for place, value in enumerate(values)]
    with tf.GradientTape() as tape:
        result = function(*values)
    gradients = tape.gradient(result, values) if _differentiable(result) else [None] * len(values)
    return [
        Diagnosis(name, None, _reason(function, values, place))
        if gradient is None
        else Diagnosis(name, float(tf.norm(tf.convert_to_tensor(gradient))), "")
        for place, (name, gradient) in enumerate(zip(called, gradients, strict=True))
    ]


def _name(value: Any, place: int) -> str:
    return value.name if isinstance(value, tf.Variable) else f"value {place}"


def _differentiable(result: Any) -> bool:
    return bool(tf.is_tensor(result) and result.dtype.is_floating)


def _reason(function: Callable[..., Any], values: Sequence[Any], place: int) -> str:
    value = values[place]
    if not value.dtype.is_floating:
        return f"{value.dtype.name}: only floating-point values have gradients"
    with tf.GradientTape() as tape:
        tape.watch(value)
        result = function(*values)
    if _differentiable(result) and tape.gradient(result, value) is not None:
        return "not watched: a tensor or an untrainable variable needs tape.watch"
    if not _depends(function, values, place):
        return "not connected: the result does not depend on it"
    others = [tf.constant(one.numpy()) for one in values]
    try:
        tf.function(lambda v: function(*others[:place], v, *others[place + 1 :]))(others[place])
    except (AttributeError, NotImplementedError):
        return "cut by NumPy: what leaves TensorFlow leaves no trace on the tape"
    return "cut by an operation that has no gradient"


def _depends(function: Callable[..., Any], values: Sequence[Any], place: int) -> bool:
    before, moved = float(function(*values)), list(values)
    shift = 1.0 + tf.abs(values[place])
    if not isinstance(values[place], tf.Variable):
        moved[place] = values[place] + shift
        return float(function(*moved)) != before
    old = values[place].numpy()
    try:
        values[place].assign_add(shift)
        return float(function(*values)) != before
    finally:
        values[place].assign(old)


def showcase() -> tuple[Callable[..., Any], list[Any], list[str]]:
    """A function, its values and their names, in which every kind of missing gradient occurs."""
    watched, numpy_cut, rounded = (tf.Variable(1.5) for _ in range(3))
    constant, integer, idle = tf.constant(1.5), tf.Variable(3), tf.Variable(1.5)

    def result(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
        through_numpy = tf.constant(np.sin(b.numpy()), tf.float32)
        return a**2 * d + through_numpy + tf.round(c) + tf.cast(e, tf.float32)

    values = [watched, numpy_cut, rounded, constant, integer, idle]
    names = ["a², watched", "sin by NumPy", "rounded", "a tensor", "an integer", "never used"]
    return result, values, names
