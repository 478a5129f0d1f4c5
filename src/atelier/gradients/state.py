"""Variables that a function assigns to, and their earlier values."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple

import tensorflow as tf

from atelier.types import Array

ASSIGNING_METHODS = ("assign", "batch_scatter", "scatter", "_strided_slice_assign")
"""First letters of the methods of a TensorFlow variable that change it."""


class Assignment(NamedTuple):
    """A variable that was assigned to, and its earlier value."""

    variable: Any
    earlier_value: Array


def unwrap_keras_variable(value: Any) -> Any:
    """Returns the TensorFlow variable inside a Keras variable; anything else unchanged."""
    inner = getattr(value, "value", None)
    return inner if isinstance(inner, tf.Variable) else value


@contextmanager
def run_eagerly() -> Iterator[None]:
    """Runs functions that ``tf.function`` compiled as Python within the block."""
    earlier_setting = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(run_eagerly=True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(earlier_setting)


@contextmanager
def undo_assignments() -> Iterator[dict[int, Assignment]]:
    """Records every variable that is assigned to in the block, and restores its value after it.

    Variables of Keras (moving statistics, metrics, states of seed generators) are included.
    Assignments inside compiled functions are missed: see :func:`run_eagerly`. Methods of
    TensorFlow's class of variables are replaced meanwhile, so no other thread should assign.

    Yields:
        Assignments by ``id`` of the variable; filled while the block runs.
    """
    assignments: dict[int, Assignment] = {}
    variable_class = type(tf.Variable(0.0))
    names = [name for name in dir(variable_class) if name.startswith(ASSIGNING_METHODS)]
    defined = {name: vars(variable_class)[name] for name in names if name in vars(variable_class)}
    for name in names:
        setattr(variable_class, name, _recording(getattr(variable_class, name), assignments))
    try:
        yield assignments
    finally:
        for name in names:
            delattr(variable_class, name)
        for name, method in defined.items():
            setattr(variable_class, name, method)
        for variable, earlier_value in assignments.values():
            variable.assign(earlier_value)


def _recording(
    method: Callable[..., Any], assignments: dict[int, Assignment]
) -> Callable[..., Any]:
    """Wraps a method of a variable so that it records the value before its first call."""

    @wraps(method)
    def wrapper(variable: Any, *arguments: Any, **options: Any) -> Any:
        if id(variable) not in assignments:
            with tf.init_scope():
                assignments[id(variable)] = Assignment(variable, variable.numpy())
        return method(variable, *arguments, **options)

    return wrapper


@contextmanager
def restore_variables(variables: Sequence[Any]) -> Iterator[None]:
    """Restores the values of these variables after the block, also after an error."""
    earlier_values = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, earlier_values, strict=True):
            variable.assign(value)


def assigned_variables(function: Callable[[], Any]) -> list[Any]:
    """Returns the variables that a call of ``function`` assigns to; their values are restored."""
    with run_eagerly(), undo_assignments() as assignments:
        function()
    return [assignment.variable for assignment in assignments.values()]
