"""Nodes of the gradients pipeline. `machine` names the threads, which a hook sets for each node."""

from typing import Any

import numpy as np
import pandas as pd

from atelier import data, gradients, training
from atelier.gradients.params import JacobianParams, MinimizationParams, ModelCheckParams
from atelier.training.params import MachineParams
from atelier.types import Arrays, History, MetricLog, Metrics

STEP_SIZE_EXAMPLE = "wave"
STEP_SIZES = np.logspace(-16, 0, 97)


def compare_derivatives(machine: MachineParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Computes derivatives by every method, and the error of differences by step size."""
    example = gradients.EXAMPLES[STEP_SIZE_EXAMPLE]
    return gradients.derivative_table(), gradients.step_size_errors(example, STEP_SIZES)


def diagnose_missing_gradients(machine: MachineParams) -> pd.DataFrame:
    """Diagnoses a function that shows every reason for a missing gradient."""
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


def check_own_model(model: Any, params: ModelCheckParams) -> tuple[pd.DataFrame, Metrics]:
    """Compares automatic gradients of a user's model with numerical ones, at random images."""
    images = gradients.random_inputs(
        model, params.images, shape=params.shape, limits=params.range, seed=params.seed
    )
    table = gradients.check_model_gradient(
        model, images, directions=params.directions, seed=params.seed
    )
    errors = table.groupby("by")["error"].max()
    return table, {f"error_by_{name}": float(value) for name, value in errors.items()} | {
        "directions": float(len(table))
    }


def draw_own_model_check(table: pd.DataFrame) -> Any:
    """Draws automatic against numerical derivatives of a user's model."""
    return gradients.figures.model_check_figure(table)
