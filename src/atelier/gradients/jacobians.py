"""Forward and reverse mode: what a whole Jacobian costs by columns and by rows."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

REPEATS = 25


def layer(inputs: int, outputs: int, *, seed: int = 0) -> Callable[[Any], Any]:
    """tanh(W x), from (inputs,) to (outputs,)."""
    weight = np.random.default_rng(seed).normal(size=(outputs, inputs)) / np.sqrt(inputs)
    matrix = tf.constant(weight, tf.float32)
    return lambda x: tf.tanh(tf.linalg.matvec(matrix, x))


def forward_jacobian(function: Callable[[Any], Any], point: Any) -> Any:
    """(outputs, inputs), a pass for each input: one column each."""
    columns = []
    for one in tf.unstack(tf.eye(int(point.shape[0]), dtype=point.dtype)):
        with tf.autodiff.ForwardAccumulator(point, one) as accumulator:
            value = function(point)
        columns.append(accumulator.jvp(value))
    return tf.stack(columns, axis=1)


def reverse_jacobian(function: Callable[[Any], Any], point: Any) -> Any:
    """(outputs, inputs), a pass for each output: one row each."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(point)
        value = function(point)
    ones = tf.unstack(tf.eye(int(value.shape[0]), dtype=value.dtype))
    return tf.stack([tape.gradient(value, point, output_gradients=one) for one in ones])


MODES = {"forward": forward_jacobian, "reverse": reverse_jacobian}


def jacobian_costs(sizes: tuple[tuple[int, int], ...]) -> pd.DataFrame:
    """For each (inputs, outputs) and mode: passes, operations of the graph, median seconds, and
    the largest difference between the two modes' Jacobians.
    """
    rows = []
    for inputs, outputs in sizes:
        function, point = layer(inputs, outputs), tf.ones(inputs)
        values = {}
        for mode, jacobian in MODES.items():
            graph = tf.function(lambda x, j=jacobian, f=function: j(f, x)).get_concrete_function(
                point
            )
            values[mode] = graph(point).numpy()
            rows.append(
                {
                    "inputs": inputs,
                    "outputs": outputs,
                    "mode": mode,
                    "passes": inputs if mode == "forward" else outputs,
                    "operations": len(graph.graph.get_operations()),
                    "seconds": _seconds(graph, point),
                }
            )
        apart = float(np.abs(values["forward"] - values["reverse"]).max())
        rows[-1]["difference"] = rows[-2]["difference"] = apart
    return pd.DataFrame(rows)


def _seconds(graph: Callable[[Any], Any], point: Any) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        graph(point).numpy()
        times.append(time.perf_counter() - started)
    return statistics.median(times)
