"""The reason for which a value has no gradient."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from atelier.gradients.recording import (
    DataFlow,
    RecordedOperation,
    is_differentiable,
    record_operations,
)
from atelier.gradients.state import (
    assigned_variables,
    restore_variables,
    run_eagerly,
    undo_assignments,
    unwrap_keras_variable,
)
from atelier.types import Array

UNSURE = (
    "not connected, or cut by NumPy: two calls with the same values differ, "
    "so whether the result depends on it cannot be tried"
)


class GradientDiagnosis(NamedTuple):
    """Whether a value has a gradient, and if not, why."""

    name: str
    norm: float | None
    reason: str


def diagnose_gradient(
    function: Callable[..., Any], values: Sequence[Any], *, names: Sequence[str] | None = None
) -> list[GradientDiagnosis]:
    """For each value, the norm of its gradient, or why it has none.

    The reasons, each of which names what it found:

    - the value is of integers, booleans or strings;
    - it is not watched: a tensor, or a variable that is not trainable;
    - it is cut by an operation without a gradient (``ArgMax`` or ``Equal`` in an accuracy,
      ``Round``, ``StopGradient``, a cast to integers …);
    - it is cut by an assignment: the function adds it to a variable by ``assign``, ``assign_add``
      and the like, and no gradient flows through a change of state;
    - it is cut by NumPy: the result depends on it, but not by TensorFlow's operations;
    - it is not connected: the result does not depend on it (or on its shape only).

    A gradient that exists is not explained, also where it is 0 everywhere, as ``tf.sign``'s is.
    The function is called several times, compiled functions as Python; variables that it changes
    have their values back afterwards, also after an error.

    Args:
        function: Takes the values; returns a number, or a tensor that stands for its sum.
        values: Variables or tensors, as the function is called with.
        names: What to call them; else their own names, or their places.
    """
    values = [unwrap_keras_variable(value) for value in values]
    called = names or [_name(value, place) for place, value in enumerate(values)]
    gradients = _gradients(function, values)
    return [
        GradientDiagnosis(name, None, _reason(function, values, place))
        if gradient is None
        else GradientDiagnosis(name, _norm(gradient), "")
        for place, (name, gradient) in enumerate(zip(called, gradients, strict=True))
    ]


def _name(value: Any, place: int) -> str:
    return value.name if isinstance(value, tf.Variable) else f"value {place}"


def _norm(gradient: Any) -> float:
    return float(np.linalg.norm(np.asarray(tf.convert_to_tensor(gradient)).ravel()))


def _gradients(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """The tape's gradients; where an operation stops the whole tape, each value by itself."""
    with run_eagerly(), undo_assignments(), tf.GradientTape() as tape:
        result = _tensor(function(*values))
    if not is_differentiable(result):
        return [None] * len(values)
    try:
        return list(tape.gradient(result, values))
    except LookupError:
        return [_gradient_alone(function, values, place) for place in range(len(values))]


def _gradient_alone(function: Callable[..., Any], values: Sequence[Any], place: int) -> Any:
    value = values[place]
    if not (isinstance(value, tf.Variable) and value.trainable and is_differentiable(value)):
        return None
    with (
        run_eagerly(),
        undo_assignments(),
        tf.GradientTape(watch_accessed_variables=False) as tape,
    ):
        tape.watch(value)
        result = _tensor(function(*values))
    try:
        return tape.gradient(result, value)
    except LookupError:
        return None


def _tensor(result: Any) -> Any:
    """A variable as a tensor, read on the tape; anything else as it is."""
    result = unwrap_keras_variable(result)
    return result.read_value() if isinstance(result, tf.Variable) else result


def _reason(function: Callable[..., Any], values: Sequence[Any], place: int) -> str:
    value = values[place]
    if not is_differentiable(value):
        return f"{value.dtype.name}: only floating-point values have gradients"
    changed = assigned_variables(lambda: function(*values))
    with (
        run_eagerly(),
        undo_assignments() as assigned,
        record_operations() as operations,
        tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape,
    ):
        tape.watch([one for one in (value, *changed) if is_differentiable(one)])
        result = _tensor(function(*values))
    flow = DataFlow(operations, value, changed, tape)
    if not flow.reaches(result):
        return _without_path(function, values, place)
    if is_differentiable(result) and _has_gradient(tape, result, value):
        return "not watched: a tensor or an untrainable variable needs tape.watch"
    names = {id(one.variable.handle): one.variable.name for one in assigned.values()}
    return _cut(flow.cuts(result), names)


def _has_gradient(tape: Any, result: Any, value: Any) -> bool:
    try:
        return tape.gradient(result, value) is not None
    except LookupError:
        return False


def _cut(cuts: list[RecordedOperation], variables: dict[int, str]) -> str:
    """The sentence that names the operations which stop the gradient."""
    assigned = [operation for operation in cuts if operation.assigns]
    if assigned:
        names = {variables.get(id(one.inputs[0]), "a variable") for one in assigned}
        return (
            f"cut by an assignment to {_listed(names)}: "
            "state is changed by assignment, and no gradient flows through that"
        )
    labels = dict.fromkeys(operation.label for operation in cuts)
    return f"cut by an operation that has no gradient: {_listed(labels) or 'unknown'}"


def _listed(names: Any) -> str:
    return ", ".join(names)


def _without_path(function: Callable[..., Any], values: Sequence[Any], place: int) -> str:
    """The reason where TensorFlow computed nothing of the result from the value."""
    before, again = _outcome(function, values), _outcome(function, values)
    if not np.array_equal(before, again, equal_nan=True):
        return UNSURE
    for moved in _moves(values[place]):
        with _replaced(values, place, moved) as changed:
            after = _outcome(function, changed)
        if not np.array_equal(before, after, equal_nan=True):
            return "cut by NumPy: what leaves TensorFlow leaves no trace on the tape"
    return "not connected: the result does not depend on it"


def _outcome(function: Callable[..., Any], values: Sequence[Any]) -> Array:
    """What the function gives, as an array; what it assigns is undone."""
    with run_eagerly(), undo_assignments():
        return np.asarray(_tensor(function(*values)))


def _moves(value: Any) -> Iterator[Array]:
    """Other values in the value's place: a little more, much more, less, another order."""
    before = np.asarray(value)
    yield before * 1.001 + 0.001
    yield before + 1 + np.abs(before)
    yield -1 - np.abs(before)
    yield before.ravel()[::-1].reshape(before.shape)


@contextmanager
def _replaced(values: Sequence[Any], place: int, moved: Array) -> Iterator[list[Any]]:
    """The values with another one at ``place``; a variable has its own back afterwards."""
    value = values[place]
    new = tf.cast(moved, value.dtype)
    if not isinstance(value, tf.Variable):
        yield [*values[:place], new, *values[place + 1 :]]
        return
    with restore_variables([value]):
        value.assign(new)
        yield list(values)
