"""The reason for a missing gradient."""

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

UNDECIDED = (
    "not connected, or cut by NumPy: two calls with the same values differ, "
    "so it cannot be tested whether the result depends on the value"
)


class GradientDiagnosis(NamedTuple):
    """The norm of a value's gradient, or the reason why it has none."""

    name: str
    norm: float | None
    reason: str
    """Empty where a gradient exists."""


def diagnose_gradient(
    function: Callable[..., Any], values: Sequence[Any], *, names: Sequence[str] | None = None
) -> list[GradientDiagnosis]:
    """Returns for each value the norm of its gradient, or the reason why it has none.

    The reasons, each of which names what causes it:

    - the value consists of integers, booleans or strings;
    - it is not watched: a tensor, or a variable that is not trainable;
    - it is cut by an operation without a gradient (``ArgMax`` or ``Equal`` in an accuracy,
      ``Round``, ``StopGradient``, a cast to integers …);
    - it is cut by an assignment: the function adds it to a variable by ``assign``, ``assign_add``
      or similar methods, and no gradient flows through a change of state;
    - it is cut by NumPy: the result depends on it, but not by TensorFlow's operations;
    - it is not connected: the result does not depend on it (or on its shape only).

    A gradient that exists is not explained, even where it is 0 everywhere, as that of ``tf.sign``.
    The function is called several times, compiled functions as Python; variables that it changes
    are restored, also after an error.

    Args:
        function: Takes the values; returns a number, or a tensor that stands for its sum.
        values: The variables or tensors with which the function is called.
        names: Names of the values; None takes the variables' names, or the positions.

    Returns:
        A diagnosis for each value.

    Examples:
        >>> import tensorflow as tf
        >>> from atelier.gradients import diagnose_gradient
        >>> def function(x, y):
        ...     return x**2 + tf.round(y)
        >>> values = [tf.Variable(3.0), tf.Variable(1.5)]
        >>> for name, norm, reason in diagnose_gradient(function, values, names=["x", "y"]):
        ...     print(name, norm, reason)
        x 6.0
        y None cut by an operation that has no gradient: Round
    """
    values = [unwrap_keras_variable(value) for value in values]
    names = names or [_name(value, position) for position, value in enumerate(values)]
    gradients = _gradients(function, values)
    return [
        GradientDiagnosis(name, None, _reason(function, values, position))
        if gradient is None
        else GradientDiagnosis(name, _norm(gradient), "")
        for position, (name, gradient) in enumerate(zip(names, gradients, strict=True))
    ]


def _name(value: Any, position: int) -> str:
    return value.name if isinstance(value, tf.Variable) else f"value {position}"


def _norm(gradient: Any) -> float:
    return float(np.linalg.norm(np.asarray(tf.convert_to_tensor(gradient)).ravel()))


def _gradients(function: Callable[..., Any], values: Sequence[Any]) -> list[Any]:
    """Returns the tape's gradients; where an operation stops the tape, each value by itself."""
    with run_eagerly(), undo_assignments(), tf.GradientTape() as tape:
        result = _tensor(function(*values))
    if not is_differentiable(result):
        return [None] * len(values)
    try:
        return list(tape.gradient(result, values))
    except LookupError:
        return [_gradient_alone(function, values, position) for position in range(len(values))]


def _gradient_alone(function: Callable[..., Any], values: Sequence[Any], position: int) -> Any:
    value = values[position]
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
    """Reads a variable as a tensor on the tape; returns anything else unchanged."""
    result = unwrap_keras_variable(result)
    return result.read_value() if isinstance(result, tf.Variable) else result


def _reason(function: Callable[..., Any], values: Sequence[Any], position: int) -> str:
    value = values[position]
    if not is_differentiable(value):
        return f"{value.dtype.name}: only floating-point values have gradients"
    changed = assigned_variables(lambda: function(*values))
    with (
        run_eagerly(),
        undo_assignments() as assigned,
        record_operations() as operations,
        tf.GradientTape(watch_accessed_variables=False, persistent=True) as tape,
    ):
        tape.watch([item for item in (value, *changed) if is_differentiable(item)])
        result = _tensor(function(*values))
    flow = DataFlow(operations, value, changed, tape)
    if not flow.reaches(result):
        return _without_path(function, values, position)
    if is_differentiable(result) and _has_gradient(tape, result, value):
        return "not watched: a tensor or an untrainable variable needs tape.watch"
    names = {
        id(assignment.variable.handle): assignment.variable.name for assignment in assigned.values()
    }
    return _cut(flow.cuts(result), names)


def _has_gradient(tape: Any, result: Any, value: Any) -> bool:
    try:
        return tape.gradient(result, value) is not None
    except LookupError:
        return False


def _cut(cuts: list[RecordedOperation], variables: dict[int, str]) -> str:
    """Returns the sentence that names the operations which stop the gradient."""
    assigned = [operation for operation in cuts if operation.assigns]
    if assigned:
        names = {variables.get(id(operation.inputs[0]), "a variable") for operation in assigned}
        return (
            f"cut by an assignment to {_listed(names)}: "
            "state is changed by assignment, and no gradient flows through that"
        )
    labels = dict.fromkeys(operation.label for operation in cuts)
    return f"cut by an operation that has no gradient: {_listed(labels) or 'unknown'}"


def _listed(names: Any) -> str:
    return ", ".join(names)


def _without_path(function: Callable[..., Any], values: Sequence[Any], position: int) -> str:
    """Returns the reason where TensorFlow did not compute the result from the value."""
    first, second = _outcome(function, values), _outcome(function, values)
    if not np.array_equal(first, second, equal_nan=True):
        return UNDECIDED
    for substitute in _substitutes(values[position]):
        with _replaced(values, position, substitute) as changed:
            outcome = _outcome(function, changed)
        if not np.array_equal(first, outcome, equal_nan=True):
            return "cut by NumPy: computations outside TensorFlow are not recorded on the tape"
    return "not connected: the result does not depend on it"


def _outcome(function: Callable[..., Any], values: Sequence[Any]) -> Array:
    """Returns the function's result as an array, and undoes its assignments."""
    with run_eagerly(), undo_assignments():
        return np.asarray(_tensor(function(*values)))


def _substitutes(value: Any) -> Iterator[Array]:
    """Yields different values: a little larger, much larger, smaller, in another order."""
    array = np.asarray(value)
    yield array * 1.001 + 0.001
    yield array + 1 + np.abs(array)
    yield -1 - np.abs(array)
    yield array.ravel()[::-1].reshape(array.shape)


@contextmanager
def _replaced(values: Sequence[Any], position: int, substitute: Array) -> Iterator[list[Any]]:
    """Yields the values with a substitute at ``position``; a variable is restored afterwards."""
    value = values[position]
    new_value = tf.cast(substitute, value.dtype)
    if not isinstance(value, tf.Variable):
        yield [*values[:position], new_value, *values[position + 1 :]]
        return
    with restore_variables([value]):
        value.assign(new_value)
        yield list(values)
