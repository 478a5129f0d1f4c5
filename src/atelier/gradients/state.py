"""Variables that a function changes, and their values before."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NamedTuple

import tensorflow as tf

from atelier.types import Array

METHODS = ("assign", "batch_scatter", "scatter", "_strided_slice_assign")
"""First letters of the methods of a TensorFlow variable that change it."""


class Assignment(NamedTuple):
    """A variable that was assigned to, and its value before."""

    variable: Any
    before: Array


def unwrap_keras_variable(value: Any) -> Any:
    """The TensorFlow variable inside a Keras one; anything else as it is."""
    inner = getattr(value, "value", None)
    return inner if isinstance(inner, tf.Variable) else value


@contextmanager
def run_eagerly() -> Iterator[None]:
    """Runs what ``tf.function`` compiled as Python while the block lasts."""
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(run_eagerly=True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextmanager
def undo_assignments() -> Iterator[dict[int, Assignment]]:
    """Notes every variable that is assigned to in the block, and puts its value back after it.

    Variables of Keras (moving statistics, metrics, states of seed generators) are included.
    Assignments inside compiled functions are not seen: see :func:`run_eagerly`. Methods of
    TensorFlow's class of variables are replaced meanwhile, so no other thread should assign.

    Yields:
        By ``id`` of the variable; filled while the block runs.
    """
    changed: dict[int, Assignment] = {}
    kind = type(tf.Variable(0.0))
    names = [name for name in dir(kind) if name.startswith(METHODS)]
    own = {name: vars(kind)[name] for name in names if name in vars(kind)}
    for name in names:
        setattr(kind, name, _noting(getattr(kind, name), changed))
    try:
        yield changed
    finally:
        for name in names:
            delattr(kind, name)
        for name, method in own.items():
            setattr(kind, name, method)
        for variable, before in changed.values():
            variable.assign(before)


def _noting(method: Callable[..., Any], changed: dict[int, Assignment]) -> Callable[..., Any]:
    @wraps(method)
    def noted(variable: Any, *arguments: Any, **options: Any) -> Any:
        if id(variable) not in changed:
            with tf.init_scope():
                changed[id(variable)] = Assignment(variable, variable.numpy())
        return method(variable, *arguments, **options)

    return noted


@contextmanager
def restore_variables(variables: Sequence[Any]) -> Iterator[None]:
    """Puts the values of these variables back after the block, also after an error."""
    before = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)


def assigned_variables(function: Callable[[], Any]) -> list[Any]:
    """The variables that a call of ``function`` assigns to; their values are put back."""
    with run_eagerly(), undo_assignments() as changed:
        function()
    return [variable for variable, _ in changed.values()]
