"""Nodes of the gradients pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier import data, gradients, training
from atelier.gradients.params import JacobianParams, MinimizationParams
from atelier.training.params import MachineParams
from atelier.types import Arrays, History, MetricLog, Metrics

STEP_SIZE_EXAMPLE = "wave"
STEP_SIZES = np.logspace(-16, 0, 97)


def compare_derivatives(machine: MachineParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Computes derivatives by every method, and the error of differences by step size."""
    training.make_reproducible(machine.seed, machine.threads)
    example = gradients.EXAMPLES[STEP_SIZE_EXAMPLE]
    return gradients.derivative_table(), gradients.step_size_errors(example, STEP_SIZES)


def diagnose_missing_gradients(machine: MachineParams) -> pd.DataFrame:
    """Diagnoses a function that shows every reason for a missing gradient."""
    training.make_reproducible(machine.seed, machine.threads)
    function, values, names = gradients.example_of_each_reason()
    return pd.DataFrame(gradients.diagnose_gradient(function, values, names=names))


def compare_minimizations(
    train: Arrays,
    provenance: dict[str, Any],
    params: MinimizationParams,
    machine: MachineParams,
    curve: MetricLog,
) -> tuple[pd.DataFrame, History]:
    """Compares three implementations of one minimisation, and records gradient norms."""
    training.make_reproducible(machine.seed, machine.threads)
    subset = data.random_subset(train, params.images, seed=machine.seed)
    images = training.to_unit(subset["images"]).reshape(len(subset["labels"]), -1)
    targets = np.eye(len(provenance["classes"]), dtype=np.float32)[subset["labels"]]
    history: list[dict[str, float]] = []
    table = gradients.minimize_three_ways(
        images, targets, steps=params.steps, norm=params.norm, curve=history
    )
    for row in history:
        curve.append(row)
    return table, history


def measure_jacobian_costs(params: JacobianParams, machine: MachineParams) -> pd.DataFrame:
    """Measures forward and reverse mode as inputs or outputs grow."""
    training.make_reproducible(machine.seed, machine.threads)
    return gradients.jacobian_costs(gradients.growing_sizes(params.sizes))


def summarize_gradients(derivatives: pd.DataFrame, minimizations: pd.DataFrame) -> Metrics:
    """Returns the largest error of automatic derivatives, and how many methods agree bit by bit."""
    errors = (derivatives["automatic"] - derivatives["symbolic"]).abs()
    return {
        "automatic_error": float(errors.max()),
        "derivatives": float(len(derivatives)),
        "bit_identical": float(minimizations["bit_identical"].sum()),
        "methods": float(len(minimizations)),
    }


def draw_gradients(
    errors: pd.DataFrame, history: History, costs: pd.DataFrame
) -> tuple[Any, Any, Any]:
    """Draws the error by step size, gradient norms by layer, and the cost of a Jacobian."""
    figures, example = gradients.figures, gradients.EXAMPLES[STEP_SIZE_EXAMPLE]
    return (
        figures.step_size_figure(errors, formula=example.formula, point=str(example.point)),
        figures.gradient_norms_figure(history, title="Gradients between compute and apply"),
        figures.jacobian_costs_figure(costs),
    )
