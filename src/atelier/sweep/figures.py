"""Draws accuracy and calibration error against the learning rate."""

from collections.abc import Hashable, Iterator

import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from plotly.subplots import make_subplots

from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.sweep.analysis import GROUP
from atelier.sweep.summary import NAMES, arm_name

DROPOUT_COLOURS = (ACCENT, WARM, QUIET, INK)
"""Colours by dropout rate, the lowest first."""
OPTIMIZER_COLOURS = {
    "adam": "#2f6690",
    "adadelta": "#81b29a",
    "adagrad": "#e9a23b",
    "sgd": "#d1495b",
}


def learning_rate_figure(curves: pd.DataFrame, best: pd.DataFrame, *, title: str) -> Figure:
    """Draws accuracy and calibration error against the rate, a column for each optimizer.

    Args:
        curves: From :func:`atelier.sweep.accuracy_curves`.
        best: From :func:`atelier.sweep.best_learning_rates`.
        title: Of the whole figure.

    Returns:
        A figure with a colour for each dropout rate.
    """
    optimizers = list(curves["optimizer"].unique())
    colours = dict(zip(sorted(curves["dropout"].unique()), DROPOUT_COLOURS, strict=False))
    top = min(1.0, 1.1 * float(curves["high"].max()))
    worst = 1.05 * float(curves["test_ece"].fillna(0).max()) or None
    with house_style():
        figure = Figure(figsize=(3.3 * len(optimizers) + 0.6, 5.6))
        set_title(figure, title)
        panels = figure.subplots(2, len(optimizers), sharex=True, sharey="row", squeeze=False)
        for (upper, lower), optimizer in zip(panels.T, optimizers, strict=True):
            for dropout, curve in _arms(curves, optimizer):
                arm = best[(best[GROUP] == [optimizer, dropout]).all(axis=1)].iloc[0]
                _draw_arm(upper, lower, curve, arm, colours[dropout])
            upper.set(title=NAMES.get(optimizer, optimizer), xscale="log", ylim=(0, top))
            lower.set(xlabel="learning rate", ylim=(0, worst))
        panels[0, 0].set_ylabel("test accuracy")
        panels[1, 0].set_ylabel("calibration error (ECE)")
        dropouts = panels[0, 0].get_legend_handles_labels()[0]
        figure.legend(handles=dropouts + _legend_entries(), loc="upper right", ncols=5, fontsize=8)
        return figure


def _legend_entries() -> list[Line2D]:
    """Returns legend entries for dots, diamonds and bars."""
    return [
        Line2D([], [], color=QUIET, marker="o", ls="", label="best on the selection split"),
        Line2D([], [], color=QUIET, marker="D", mfc="white", ls="", label="best calibrated"),
        Line2D([], [], color=QUIET, lw=3, label="as good as best"),
    ]


def _arms(curves: pd.DataFrame, optimizer: str) -> Iterator[tuple[Hashable, pd.DataFrame]]:
    yield from curves[curves["optimizer"] == optimizer].groupby("dropout")


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
    """Draws an interactive plot of accuracy and calibration error against the rate.

    Args:
        curves: From :func:`atelier.sweep.accuracy_curves`.
        best: From :func:`atelier.sweep.best_learning_rates`.
        title: Of the whole figure.

    Returns:
        A Plotly figure in which curves can be switched off and points show their values.
    """
    plot = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for (optimizer, dropout), curve in curves.groupby(GROUP, sort=False):
        (arm,) = best[(best[GROUP] == [optimizer, dropout]).all(axis=1)].to_dict("records")
        for row, measure in ((1, "test_accuracy"), (2, "test_ece")):
            plot.add_trace(
                go.Scatter(
                    x=curve["learning_rate"],
                    y=curve[measure],
                    name=arm_name({str(key): value for key, value in arm.items()}),
                    legendgroup=f"{optimizer} {dropout}",
                    showlegend=row == 1,
                    mode="lines+markers",
                    marker={"size": 4},
                    line={
                        "color": OPTIMIZER_COLOURS.get(str(optimizer), INK),
                        "dash": "dot" if arm["dropout"] else "solid",
                    },
                    customdata=curve[["low", "high", "test_nll", "test_ece", "diverged"]],
                    hovertemplate="rate %{x:.3g}: accuracy %{customdata[0]:.3f} … "
                    "%{customdata[1]:.3f}<br>NLL %{customdata[2]:.3f}, ECE %{customdata[3]:.3f}, "
                    "diverged %{customdata[4]:.0%}",
                ),
                row=row,
                col=1,
            )
    plot.update_xaxes(type="log", dtick=1, exponentformat="power")
    plot.update_xaxes(title_text="learning rate", row=2, col=1)
    plot.update_yaxes(title_text="test accuracy", rangemode="tozero", row=1, col=1)
    plot.update_yaxes(title_text="calibration error (ECE)", rangemode="tozero", row=2, col=1)
    plot.update_layout(title=title, template="plotly_white", height=760, hovermode="closest")
    return plot
