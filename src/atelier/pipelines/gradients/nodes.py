"""Nodes of the gradients pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.gradients.params import JacobianParams, MinimizationParams
from atelier.training.params import MachineParams
from atelier.types import Arrays, History, MetricLog, Metrics

CURVE_OF = "wave"


def compare_derivatives(machine: MachineParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same derivatives numerically, symbolically, automatically; the error by step size."""
    from atelier.gradients.derivatives import EXAMPLES, derivative_table, step_size_errors
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    return derivative_table(), step_size_errors(EXAMPLES[CURVE_OF], np.logspace(-16, 0, 97))


def diagnose_missing_gradients(machine: MachineParams) -> pd.DataFrame:
    """Every reason for a missing gradient, on a function that has them all."""
    from atelier.gradients.examples import example_of_each_reason
    from atelier.gradients.missing import diagnose_gradient
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    function, values, names = example_of_each_reason()
    return pd.DataFrame(diagnose_gradient(function, values, names=names))


def compare_minimizations(
    train: Arrays,
    provenance: dict[str, Any],
    params: MinimizationParams,
    machine: MachineParams,
    curve: MetricLog,
) -> tuple[pd.DataFrame, History]:
    """The post's three ways to minimize, and gradients tracked, clipped and taken of a part."""
    from atelier.data.splits import random_subset
    from atelier.gradients.minimization import minimize_three_ways
    from atelier.training.batches import to_unit
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    few = random_subset(train, params.images, seed=machine.seed)
    images = to_unit(few["images"]).reshape(len(few["labels"]), -1)
    targets = np.eye(len(provenance["classes"]), dtype=np.float32)[few["labels"]]
    kept: list[dict[str, float]] = []
    table = minimize_three_ways(images, targets, steps=params.steps, norm=params.norm, curve=kept)
    for row in kept:
        curve.append(row)
    return table, kept


def measure_jacobian_costs(params: JacobianParams, machine: MachineParams) -> pd.DataFrame:
    """Forward and reverse mode as inputs and outputs grow."""
    from atelier.gradients.jacobians import jacobian_costs
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    few = min(params.sizes)
    sizes = [(size, few) for size in params.sizes] + [(few, size) for size in params.sizes[1:]]
    return jacobian_costs(tuple(sizes))


def summarize_gradients(values: pd.DataFrame, ways: pd.DataFrame) -> Metrics:
    """How far automatic derivatives are from symbolic ones; how many ways end in the same bits."""
    apart = (values["automatic"] - values["symbolic"]).abs()
    return {
        "automatic_error": float(apart.max()),
        "derivatives": float(len(values)),
        "same_bits": float(ways["same_bits"].sum()),
        "ways": float(len(ways)),
    }


def draw_gradients(
    curves: pd.DataFrame, history: History, costs: pd.DataFrame
) -> tuple[Any, Any, Any]:
    """Error by step size; gradient norms by layer; what a Jacobian costs."""
    from atelier.gradients.derivatives import EXAMPLES
    from atelier.gradients.figures import (
        gradient_norms_figure,
        jacobian_costs_figure,
        step_size_figure,
    )

    example = EXAMPLES[CURVE_OF]
    return (
        step_size_figure(curves, formula=example.formula, point=str(example.point)),
        gradient_norms_figure(history, title="gradients, tracked between compute and apply"),
        jacobian_costs_figure(costs),
    )
