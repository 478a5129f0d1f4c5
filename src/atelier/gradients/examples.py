"""A function that shows every reason for a missing gradient."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


def example_of_each_reason() -> tuple[Callable[..., Any], list[Any], list[str]]:
    """Returns a function, its values and their names, for :func:`diagnose_gradient`."""
    watched, outside_tensorflow, rounded = (tf.Variable(1.5) for _ in range(3))
    constant, integer, unused = tf.constant(1.5), tf.Variable(3), tf.Variable(1.5)

    def result(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
        through_numpy = tf.constant(np.sin(b.numpy()), tf.float32)
        return a**2 * d + through_numpy + tf.round(c) + tf.cast(e, tf.float32)

    values = [watched, outside_tensorflow, rounded, constant, integer, unused]
    names = ["a², watched", "sin by NumPy", "rounded", "a tensor", "an integer", "never used"]
    return result, values, names
