"""The training problem that all members of the plane share."""

from typing import NamedTuple

import numpy as np

from atelier.trainability.params import TwoLayerParams
from atelier.types import Array


class TrainingProblem(NamedTuple):
    """Examples, first weights and batches, drawn from a standard normal distribution by a seed."""

    inputs: Array  # (examples, width) float64
    targets: Array  # (examples,)
    first_weights: Array  # (width, width)
    last_weights: Array  # (width,)
    batches: Array | None  # (steps, batch): row numbers; None: every step takes all examples


def draw_problem(params: TwoLayerParams, seed: int) -> TrainingProblem:
    """Draws the problem of a seed.

    Args:
        params: Width, number of examples, batch and steps.
        seed: Of the random numbers.

    Returns:
        The problem, the same on every machine.

    Examples:
        >>> params = TwoLayerParams(width=3, nonlinearity="tanh", examples=None, batch=None,
        ...                        steps=5, precision="float32", seeds=(0,))
        >>> draw_problem(params, 0).inputs.shape
        (12, 3)
    """
    rng = np.random.default_rng(seed)
    width, examples = params.width, _example_count(params)
    first, last = rng.normal(size=(width, width)), rng.normal(size=width)
    inputs, targets = rng.normal(size=(examples, width)), rng.normal(size=examples)
    batches = None
    if params.batch is not None:
        batches = rng.integers(examples, size=(params.steps, params.batch))
    return TrainingProblem(inputs, targets, first, last, batches)


def _example_count(params: TwoLayerParams) -> int:
    if params.examples is not None:
        return params.examples
    return params.width if params.nonlinearity == "identity" else params.width * (params.width + 1)
