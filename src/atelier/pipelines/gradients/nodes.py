"""Nodes of the gradients pipeline."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.gradients.params import ModeParams, ThreeWaysParams
from atelier.training.params import MachineParams
from atelier.types import Arrays, History, MetricLog, Metrics

CURVE_OF = "wave"


def differentiate(machine: MachineParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same derivatives numerically, symbolically, automatically; the error by step size."""
    from atelier.gradients.derivatives import EXAMPLES, derivatives, error_curve
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    return derivatives(), error_curve(EXAMPLES[CURVE_OF], np.logspace(-16, 0, 97))


def diagnose(machine: MachineParams) -> pd.DataFrame:
    """Every reason for a missing gradient, on a function that has them all."""
    from atelier.gradients.examples import showcase
    from atelier.gradients.missing import diagnose_gradient
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    function, values, names = showcase()
    return pd.DataFrame(diagnose_gradient(function, values, names=names))


def minimise(
    train: Arrays,
    provenance: dict[str, Any],
    params: ThreeWaysParams,
    machine: MachineParams,
    curve: MetricLog,
) -> tuple[pd.DataFrame, History]:
    """The post's three ways to minimise, and gradients tracked, clipped and taken of a part."""
    from atelier.data.splits import some
    from atelier.gradients.minimization import three_ways
    from atelier.training.batches import to_unit
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    few = some(train, params.images, seed=machine.seed)
    images = to_unit(few["images"]).reshape(len(few["labels"]), -1)
    targets = np.eye(len(provenance["classes"]), dtype=np.float32)[few["labels"]]
    kept: list[dict[str, float]] = []
    table = three_ways(images, targets, steps=params.steps, norm=params.norm, curve=kept)
    for row in kept:
        curve.append(row)
    return table, kept


def count_modes(params: ModeParams, machine: MachineParams) -> pd.DataFrame:
    """Forward and reverse mode as inputs and outputs grow."""
    from atelier.gradients.jacobians import mode_costs
    from atelier.training.reproducibility import make_reproducible

    make_reproducible(machine.seed, machine.threads)
    few = min(params.sizes)
    sizes = [(size, few) for size in params.sizes] + [(few, size) for size in params.sizes[1:]]
    return mode_costs(tuple(sizes))


def summarise(values: pd.DataFrame, ways: pd.DataFrame) -> Metrics:
    """How far automatic derivatives are from symbolic ones; how many ways end in the same bits."""
    apart = (values["automatic"] - values["symbolic"]).abs()
    return {
        "automatic_error": float(apart.max()),
        "derivatives": float(len(values)),
        "same_bits": float(ways["same_bits"].sum()),
        "ways": float(len(ways)),
    }


def draw(curves: pd.DataFrame, history: History, costs: pd.DataFrame) -> tuple[Any, Any, Any]:
    """Error by step size; gradient norms by layer; what a Jacobian costs."""
    from atelier.gradients.derivatives import EXAMPLES
    from atelier.gradients.figures import modes_figure, norms_figure, steps_figure

    example = EXAMPLES[CURVE_OF]
    return (
        steps_figure(curves, formula=example.formula, point=str(example.point)),
        norms_figure(history, title="gradients, tracked between compute and apply"),
        modes_figure(costs),
    )
