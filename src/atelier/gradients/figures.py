"""Figures of derivatives."""

import pandas as pd
from matplotlib.figure import Figure

from atelier.plotting import ACCENT, INK, WARM, house_style, set_title
from atelier.types import History

METHOD_COLOURS = {"forward": WARM, "central": ACCENT, "complex step": "#4c956c"}
MODE_COLOURS = {"forward": WARM, "reverse": ACCENT}


def step_size_figure(curves: pd.DataFrame, *, formula: str, point: str) -> Figure:
    """Error against step size: truncation on the right, rounding on the left."""
    exponents = {"forward": (1 / 2, r"$\epsilon^{1/2}$"), "central": (1 / 3, r"$\epsilon^{1/3}$")}
    with house_style():
        figure = Figure(figsize=(7.0, 3.6))
        axes = figure.subplots()
        for name, colour in METHOD_COLOURS.items():
            own = curves[curves["method"] == name]
            axes.loglog(own["step"], own["error"].clip(lower=1e-17), color=colour, label=name)
            if name in exponents:
                power, label = exponents[name]
                place = 2.0 ** (-52 * power)
                axes.axvline(place, color=colour, linewidth=0.8, linestyle=":")
                axes.text(place * 1.3, 1.5, label, color=colour, size=9)
        axes.set(xlabel="step", ylabel="largest error of a partial derivative")
        axes.set_title(f"{formula} at {point}: how small a step should be")
        axes.set_ylim(3e-18, 30)
        axes.legend(loc="lower right")
    return figure


def gradient_norms_figure(history: History, *, title: str) -> Figure:
    """Loss and gradient norm of each layer, step by step."""
    layers = [name for name in history[0] if name.startswith("norm_")]
    with house_style():
        figure = Figure(figsize=(7.5, 2.9))
        set_title(figure, title)
        left, right = figure.subplots(1, 2)
        left.plot([row["loss"] for row in history], color=INK)
        left.set(xlabel="step", ylabel="squared error")
        for name, colour in zip(layers, (WARM, ACCENT), strict=False):
            label = f"layer {int(name.removeprefix('norm_')) + 1}"
            right.plot([row[name] for row in history], color=colour, label=label)
        right.set(xlabel="step", ylabel="norm of the gradient")
        right.set_ylim(bottom=0)
        right.legend()
    return figure


def jacobian_costs_figure(costs: pd.DataFrame) -> Figure:
    """What a Jacobian costs in each mode as inputs grow, and as outputs grow."""
    few = {"inputs": costs["outputs"].min(), "outputs": costs["inputs"].min()}
    with house_style():
        figure = Figure(figsize=(7.5, 3.2))
        panels = figure.subplots(2, 2, sharex="col")
        for column, growing in enumerate(("inputs", "outputs")):
            other = "outputs" if growing == "inputs" else "inputs"
            rows = costs[costs[other] == few[growing]]
            for mode, colour in MODE_COLOURS.items():
                own = rows[rows["mode"] == mode].sort_values(growing)
                for axes, value, unit in zip(
                    panels[:, column], ("operations", "seconds"), (1, 1000), strict=True
                ):
                    axes.loglog(
                        own[growing],
                        own[value] * unit,
                        "o-",
                        color=colour,
                        label=mode,
                        markersize=4,
                    )
            panels[0, column].set_title(f"{growing} grow, {few[growing]} {other[:-1]}", size=9)
            panels[1, column].set_xlabel(growing)
        panels[0, 0].set_ylabel("operations")
        panels[1, 0].set_ylabel("milliseconds")
        figure.legend(
            *panels[0, 0].get_legend_handles_labels(), ncols=2, loc="outside lower center"
        )
    return figure
