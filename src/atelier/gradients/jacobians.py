"""Jacobians by forward and by reverse mode, and what each costs."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

REPEATS = 25
Jacobian = Callable[[Callable[[Any], Any], Any], Any]


def tanh_layer(inputs: int, outputs: int, *, seed: int = 0) -> Callable[[Any], Any]:
    """Returns the function tanh(W x) with normal random weights.

    Args:
        inputs: Length of x.
        outputs: Length of the result.
        seed: Seed of W, (outputs, inputs), of standard deviation 1 / √inputs.

    Returns:
        A function from (inputs,) to (outputs,), float32.
    """
    weight = np.random.default_rng(seed).normal(size=(outputs, inputs)) / np.sqrt(inputs)
    matrix = tf.constant(weight, tf.float32)
    return lambda x: tf.tanh(tf.linalg.matvec(matrix, x))


def forward_jacobian(function: Callable[[Any], Any], point: Any) -> Any:
    """Computes the Jacobian, (outputs, inputs), with a pass for each input, column by column.

    Examples:
        >>> import tensorflow as tf
        >>> from atelier.gradients import forward_jacobian
        >>> forward_jacobian(lambda x: x**2, tf.constant([1.0, 3.0])).numpy()
        array([[2., 0.],
               [0., 6.]], dtype=float32)
    """
    columns = []
    for direction in tf.unstack(tf.eye(int(point.shape[0]), dtype=point.dtype)):
        with tf.autodiff.ForwardAccumulator(point, direction) as accumulator:
            value = function(point)
        columns.append(accumulator.jvp(value))
    return tf.stack(columns, axis=1)


def reverse_jacobian(function: Callable[[Any], Any], point: Any) -> Any:
    """Computes the Jacobian, (outputs, inputs), with a pass for each output, row by row.

    Examples:
        >>> import tensorflow as tf
        >>> from atelier.gradients import reverse_jacobian
        >>> reverse_jacobian(lambda x: x**2, tf.constant([1.0, 3.0])).numpy()
        array([[2., 0.],
               [0., 6.]], dtype=float32)
    """
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(point)
        value = function(point)
    directions = tf.unstack(tf.eye(int(value.shape[0]), dtype=value.dtype))
    return tf.stack([tape.gradient(value, point, output_gradients=d) for d in directions])


def growing_sizes(sizes: Sequence[int]) -> list[tuple[int, int]]:
    """Returns (inputs, outputs) with growing inputs, then with growing outputs; the rest is least.

    Examples:
        >>> from atelier.gradients import growing_sizes
        >>> growing_sizes([1, 4, 16])
        [(1, 1), (4, 1), (16, 1), (1, 4), (1, 16)]
    """
    smallest = min(sizes)
    return [(size, smallest) for size in sizes] + [(smallest, size) for size in sizes[1:]]


def jacobian_costs(sizes: Sequence[tuple[int, int]]) -> pd.DataFrame:
    """Measures the cost of the Jacobian of a layer in forward and in reverse mode.

    Args:
        sizes: Pairs (inputs, outputs).

    Returns:
        A row for each pair and mode: ``inputs``, ``outputs``, ``mode``, ``passes``, ``operations``
        of the graph, median ``seconds``, and the largest ``difference`` of the two Jacobians.
    """
    rows: list[dict[str, Any]] = []
    for inputs, outputs in sizes:
        function, point = tanh_layer(inputs, outputs), tf.ones(inputs)
        forward, forward_costs = _measure(forward_jacobian, function, point)
        reverse, reverse_costs = _measure(reverse_jacobian, function, point)
        size = {"inputs": inputs, "outputs": outputs}
        difference = {"difference": float(np.abs(forward - reverse).max())}
        rows.append(size | {"mode": "forward", "passes": inputs} | forward_costs | difference)
        rows.append(size | {"mode": "reverse", "passes": outputs} | reverse_costs | difference)
    return pd.DataFrame(rows)


def _measure(
    jacobian: Jacobian, function: Callable[[Any], Any], point: Any
) -> tuple[Any, dict[str, float]]:
    """Returns the Jacobian, and the operations and median seconds of its graph."""
    graph = tf.function(lambda x: jacobian(function, x)).get_concrete_function(point)
    values = graph(point).numpy()
    operations = len(graph.graph.get_operations())
    return values, {"operations": operations, "seconds": _median_seconds(graph, point)}


def _median_seconds(graph: Callable[[Any], Any], point: Any) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        graph(point).numpy()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
