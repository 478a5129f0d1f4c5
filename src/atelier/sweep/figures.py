"""Draws accuracy, calibration error and collapses against the learning rate."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from atelier.plotting import ACCENT, INK, QUIET, WARM, hide_axes, house_style, set_title
from atelier.sweep.arms import arm_columns, is_rate_free
from atelier.sweep.collapse import MIN_TRAININGS
from atelier.sweep.summary import arm_name, optimizer_name

DROPOUT_COLOURS = (ACCENT, WARM, QUIET, INK)
"""Colours by dropout rate, the lowest first."""
OPTIMIZER_COLOURS = {
    "adam": "#2f6690",
    "adadelta": "#81b29a",
    "adagrad": "#e9a23b",
    "sgd": "#d1495b",
    "adamw": "#7fb2d9",
    "rmsprop": "#6d597a",
    "nadam": "#1b9aaa",
    "momentum": "#8c2f39",
    "lion": "#b08968",
    "schedule_free_adamw": "#4361ee",
    "muon": "#386641",
    "l_dog": "#6c757d",
}
COLUMNS = 4
"""Most optimizers side by side."""

PLOT_MEASURES = {
    "test_accuracy": "test accuracy",
    "test_ece": "calibration error (ECE)",
    "test_nll": "negative log-likelihood (NLL)",
}
"""What the interactive plot can show, by column."""
HOVER = {
    "test_accuracy": ("accuracy", ":.3f"),
    "low": ("95 % from", ":.3f"),
    "high": ("to", ":.3f"),
    "test_ece": ("ECE", ":.3f"),
    "test_nll": ("NLL", ":.3f"),
    "images": ("test images", ":,"),
    "trainings": ("trainings", ""),
    "seeds": ("seeds", ""),
    "diverged": ("diverged", ":.0%"),
}
"""Label and format of each value that a point shows."""


def learning_rate_figure(
    curves: pd.DataFrame,
    best: pd.DataFrame,
    collapse: pd.DataFrame | None = None,
    *,
    title: str,
) -> Figure:
    """Draws accuracy and calibration error against the rate, a column for each optimizer.

    More than four optimizers take several lines. An arm without a rate is a horizontal line in
    the panels of all others.

    Args:
        curves: From :func:`atelier.sweep.accuracy_curves`.
        best: From :func:`atelier.sweep.best_learning_rates`.
        collapse: From :func:`atelier.sweep.collapse_probability`; a third row shows it if any
            rate has enough trainings to estimate it.
        title: Of the whole figure.

    Returns:
        A figure with a colour for each dropout rate.
    """
    rate_free = curves["optimizer"].map(is_rate_free)
    optimizers = _by_optimizer(curves if rate_free.all() else curves[~rate_free])
    lines, columns = -(-len(optimizers) // COLUMNS), min(COLUMNS, len(optimizers))
    colours = dict(zip(sorted(curves["dropout"].unique()), DROPOUT_COLOURS, strict=False))
    top = min(1.0, 1.1 * float(curves["high"].max()))
    worst = 1.05 * float(curves["test_ece"].fillna(0).max()) or None
    counted = _counted(collapse)
    rows = 2 if counted is None else 3
    with house_style():
        figure = Figure(figsize=(3.3 * columns + 0.6, 2.8 * rows * lines))
        set_title(figure, title)
        panels = figure.subplots(rows * lines, columns, sharex=True, sharey="row", squeeze=False)
        groups = panels.reshape(lines, rows, columns).swapaxes(1, 2).reshape(-1, rows)
        for (upper, lower, *_), group in zip(groups, optimizers, strict=False):
            for _, curve in group.groupby("dropout"):
                arm = _of_arm(best, curve).iloc[0]
                _draw_arm(upper, lower, curve, arm, colours[arm["dropout"]])
            for _, row in curves[rate_free].iterrows():
                _draw_rate_free(upper, lower, row, colours[row["dropout"]])
            upper.set(title=optimizer_name(_record(group)), xscale="log", ylim=(0, top))
            lower.set(ylim=(0, worst))
        for axes, group in zip(groups[:, -1], optimizers, strict=False):
            axes.set_xlabel("learning rate")
            axes.tick_params(labelbottom=True)
            if counted is not None:
                _draw_collapse(axes, _of_optimizer(counted, group), colours)
        for axes in groups[len(optimizers) :].ravel():
            hide_axes(axes)
        labels = ("test accuracy", "calibration error (ECE)", "collapse probability")
        for axes, label in zip(panels[:, 0], lines * labels[:rows], strict=True):
            axes.set_ylabel(label)
        dropouts = panels[0, 0].get_legend_handles_labels()[0]
        entries = dropouts + _legend_entries()
        figure.legend(handles=entries, loc="outside lower center", ncols=2 * columns, fontsize=8)
        return figure


def _by_optimizer(curves: pd.DataFrame) -> list[pd.DataFrame]:
    """Divides the curves by all that identifies an arm but dropout."""
    columns = [name for name in arm_columns(curves) if name != "dropout"]
    return [group for _, group in curves.groupby(columns, sort=False)]


def _of_arm(table: pd.DataFrame, curve: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of the arm of a curve."""
    rows: pd.DataFrame = table.merge(curve[arm_columns(curve)].drop_duplicates())
    return rows


def _of_optimizer(table: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of the optimizer of curves, whatever their dropout."""
    columns = [name for name in arm_columns(curves) if name != "dropout"]
    rows: pd.DataFrame = table.merge(curves[columns].drop_duplicates())
    return rows


def _record(rows: pd.DataFrame) -> dict[str, Any]:
    return {str(name): value for name, value in rows.iloc[0].items()}


def _draw_rate_free(upper: Axes, lower: Axes, row: pd.Series, colour: str) -> None:
    """Draws an arm without a learning rate as a horizontal line."""
    name = optimizer_name({str(key): value for key, value in row.items()})
    dropout = f"dropout {row['dropout']:g}" if row["dropout"] else "no dropout"
    style: dict[str, Any] = {"color": colour, "ls": "--", "lw": 1}
    upper.axhline(row["test_accuracy"], label=f"{name}, {dropout}", **style)
    lower.axhline(row["test_ece"], **style)


def _counted(collapse: pd.DataFrame | None) -> pd.DataFrame | None:
    """Returns the rates with enough trainings, or None if there are none."""
    if collapse is None:
        return None
    rows = collapse[collapse["trainings"] >= MIN_TRAININGS]
    return None if rows.empty else rows


def _draw_collapse(axes: Axes, collapse: pd.DataFrame, colours: dict[float, str]) -> None:
    for dropout, rows in collapse.groupby("dropout"):
        colour, rate = colours[float(str(dropout))], rows["learning_rate"]
        axes.fill_between(rate, rows["low"], rows["high"], color=colour, alpha=0.2, lw=0)
        axes.plot(rate, rows["collapsed"], color=colour)
    axes.set_ylim(-0.02, 1.02)


def _legend_entries() -> list[Line2D]:
    """Returns legend entries for dots, diamonds and bars."""
    return [
        Line2D([], [], color=QUIET, marker="o", ls="", label="best on the selection split"),
        Line2D([], [], color=QUIET, marker="D", mfc="white", ls="", label="best calibrated"),
        Line2D([], [], color=QUIET, lw=3, label="as good as best"),
    ]


def _draw_arm(upper: Axes, lower: Axes, curve: pd.DataFrame, arm: pd.Series, colour: str) -> None:
    """Draws one curve with its band, its best rate and the bar of rates that are as good."""
    rate = curve["learning_rate"]
    label = f"dropout {arm['dropout']:g}" if arm["dropout"] else "no dropout"
    upper.fill_between(rate, curve["low"], curve["high"], color=colour, alpha=0.2, lw=0)
    upper.plot(rate, curve["test_accuracy"], color=colour, label=label)
    upper.plot(arm["best_rate"], arm["test_accuracy"], "o", color=colour, ms=5)
    height = 0.03 if arm["dropout"] == 0 else 0.06
    upper.plot([arm["as_good_low"], arm["as_good_high"]], [height] * 2, color=colour, lw=3)
    if curve["diverged"].any():
        upper.fill_between(rate, 0, curve["diverged"], color=INK, alpha=0.08, lw=0)
    lower.plot(rate, curve["test_ece"], color=colour)
    lower.plot(arm["best_rate"], arm["test_ece"], "o", color=colour, ms=5)
    lower.plot(arm["calibrated_rate"], arm["calibrated_ece"], "D", color=colour, mfc="white")


def learning_rate_plot(curves: pd.DataFrame, best: pd.DataFrame, *, title: str) -> go.Figure:
    """Draws an interactive plot against the rate, with a switch of what it shows.

    Args:
        curves: From :func:`atelier.sweep.accuracy_curves`.
        best: From :func:`atelier.sweep.best_learning_rates`.
        title: Of the whole figure.

    Returns:
        A Plotly figure with a line for each arm, a large point at its best rate, and buttons for
        accuracy, ECE and NLL; curves can be switched off, and points show their values.
    """
    curves = across_the_grid(curves)
    groups = [curve for _, curve in curves.groupby(arm_columns(curves), sort=False)]
    plot = go.Figure([_arm_trace(c, _of_arm(best, c)["best_rate"].iloc[0]) for c in groups])
    buttons = [
        {
            "label": label,
            "method": "update",
            "args": [
                {"y": [curve[column].to_list() for curve in groups]},
                {"yaxis.title.text": label},
            ],
        }
        for column, label in PLOT_MEASURES.items()
    ]
    plot.update_layout(
        title=title,
        template="plotly_white",
        height=560,
        hovermode="closest",
        updatemenus=[
            {"type": "buttons", "direction": "right", "x": 1, "y": 1.12, "buttons": buttons}
        ],
    )
    plot.update_xaxes(type="log", dtick=1, exponentformat="power", title_text="learning rate")
    plot.update_yaxes(title_text=PLOT_MEASURES["test_accuracy"], rangemode="tozero")
    return plot


def across_the_grid(curves: pd.DataFrame) -> pd.DataFrame:
    """Repeats the row of an arm without a rate at both ends of the other arms' rates.

    Args:
        curves: From :func:`atelier.sweep.accuracy_curves`.

    Returns:
        The curves, in which such an arm is a horizontal line.

    Examples:
        >>> curves = pd.DataFrame({"optimizer": ["sgd", "sgd", "l_dog"]})
        >>> across_the_grid(curves.assign(learning_rate=[0.01, 0.1, 1.0]))["learning_rate"].tolist()
        [0.01, 0.1, 0.01, 0.1]
    """
    rate_free = curves["optimizer"].map(is_rate_free)
    if rate_free.all() or not rate_free.any():
        return curves
    rates = curves.loc[~rate_free, "learning_rate"]
    ends = [curves[rate_free].assign(learning_rate=rate) for rate in (rates.min(), rates.max())]
    return pd.concat([curves[~rate_free], *ends], ignore_index=True)


def _arm_trace(curve: pd.DataFrame, best_rate: float) -> go.Scatter:
    """Returns the line of one arm."""
    values = [
        f"{label} %{{customdata[{i}]{form}}}" for i, (label, form) in enumerate(HOVER.values())
    ]
    arm = _record(curve)
    return go.Scatter(
        x=curve["learning_rate"],
        y=curve["test_accuracy"],
        name=arm_name(arm),
        mode="lines+markers",
        marker={"size": np.where(curve["learning_rate"] == best_rate, 10, 4)},
        line={
            "color": OPTIMIZER_COLOURS.get(arm["optimizer"], INK),
            "dash": "dot" if arm["dropout"] else "solid",
        },
        customdata=curve[list(HOVER)],
        hovertemplate="<br>".join(["rate %{x:.3g}", *values]),
    )
