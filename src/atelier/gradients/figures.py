"""Figures of derivatives."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.types import History


class OptimalStep(NamedTuple):
    """The step of least error that theory gives: ε to a power."""

    power: float
    label: str


METHOD_COLOURS = {"forward": WARM, "central": ACCENT, "complex step": "#4c956c"}
OPTIMAL_STEPS = {
    "forward": OptimalStep(1 / 2, r"$\epsilon^{1/2}$"),
    "central": OptimalStep(1 / 3, r"$\epsilon^{1/3}$"),
}
MODE_COLOURS = {"forward": WARM, "reverse": ACCENT}


def step_size_figure(errors: pd.DataFrame, *, formula: str, point: str) -> Figure:
    """Draws the error of numerical derivatives against the step size.

    Truncation dominates at large steps, rounding at small ones.

    Args:
        errors: Columns ``method``, ``step`` and ``error``.
        formula: Formula of the function.
        point: The point, as text.

    Returns:
        The figure.
    """
    with house_style():
        figure = Figure(figsize=(7.0, 3.6))
        axes = figure.subplots()
        for method, colour in METHOD_COLOURS.items():
            rows = errors[errors["method"] == method]
            axes.loglog(rows["step"], rows["error"].clip(lower=1e-17), color=colour, label=method)
        for method, optimum in OPTIMAL_STEPS.items():
            step, colour = 2.0 ** (-52 * optimum.power), METHOD_COLOURS[method]
            axes.axvline(step, color=colour, linewidth=0.8, linestyle=":")
            axes.text(step * 1.3, 1.5, optimum.label, color=colour, size=9)
        axes.set(xlabel="step", ylabel="largest error of a partial derivative")
        axes.set_title(f"Error of numerical derivatives of {formula} at {point}")
        axes.set_ylim(3e-18, 30)
        axes.legend(loc="lower right")
    return figure


def gradient_norms_figure(history: History, *, title: str) -> Figure:
    """Draws the loss and the gradient norm of each layer by step, (``norm_0``, ``norm_1``)."""
    names = [name for name in history[0] if name.startswith("norm_")]
    with house_style():
        figure = Figure(figsize=(7.5, 2.9))
        set_title(figure, title)
        loss_axes, norm_axes = figure.subplots(1, 2)
        loss_axes.plot([row["loss"] for row in history], color=INK)
        loss_axes.set(xlabel="step", ylabel="squared error")
        for layer, (name, colour) in enumerate(zip(names, (WARM, ACCENT), strict=False), start=1):
            norms = [row[name] for row in history]
            norm_axes.plot(norms, color=colour, label=f"layer {layer}")
        norm_axes.set(xlabel="step", ylabel="norm of the gradient")
        norm_axes.set_ylim(bottom=0)
        norm_axes.legend()
    return figure


def jacobian_costs_figure(costs: pd.DataFrame) -> Figure:
    """Draws operations and time of a Jacobian by mode, as its inputs or its outputs grow."""
    smallest = int(costs[["inputs", "outputs"]].min().max())
    with house_style():
        figure = Figure(figsize=(7.5, 3.2))
        panels = figure.subplots(2, 2, sharex="col")
        inputs_grow = costs[costs["outputs"] == smallest]
        outputs_grow = costs[costs["inputs"] == smallest]
        _draw_costs(panels[:, 0], inputs_grow, "inputs", f"inputs grow, {smallest} output")
        _draw_costs(panels[:, 1], outputs_grow, "outputs", f"outputs grow, {smallest} input")
        panels[0, 0].set_ylabel("operations")
        panels[1, 0].set_ylabel("milliseconds")
        handles = panels[0, 0].get_legend_handles_labels()
        figure.legend(*handles, ncols=2, loc="outside lower center")
    return figure


def _draw_costs(axes: Sequence[Axes], costs: pd.DataFrame, size: str, title: str) -> None:
    """Draws operations above milliseconds against a column of sizes."""
    operation_axes, time_axes = axes
    for mode, colour in MODE_COLOURS.items():
        rows = costs[costs["mode"] == mode].sort_values(size)
        style = {"color": colour, "label": mode, "markersize": 4}
        operation_axes.loglog(rows[size], rows["operations"], "o-", **style)
        time_axes.loglog(rows[size], rows["seconds"] * 1000, "o-", **style)
    operation_axes.set_title(title, size=9)
    time_axes.set_xlabel(size)


def model_check_figure(table: pd.DataFrame) -> Figure:
    """Draws automatic against numerical derivatives of a model, by its input and its weights.

    Args:
        table: From :func:`atelier.gradients.check_model_gradient`.
    """
    kinds = list(dict.fromkeys(table["by"]))
    with house_style():
        figure = Figure(figsize=(3.6 * len(kinds), 3.4))
        set_title(figure, "Directional derivatives: automatic against numerical")
        for axes, by in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
            rows = table[table["by"] == by]
            both = rows[["automatic", "numerical"]].to_numpy()
            limits = [float(both.min()), float(both.max())]
            axes.plot(limits, limits, "--", color=QUIET)
            axes.plot(rows["numerical"], rows["automatic"], "o", color=ACCENT, alpha=0.7)
            error = rows["error"].max()
            axes.set(title=f"by the {by}: error {error:.1g}", xlabel="numerical")
            axes.set_ylabel("automatic")
    return figure
