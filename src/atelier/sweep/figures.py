"""Figures of the study of learning rates."""

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

ARMS = (ACCENT, WARM, QUIET, INK)
"""Colours by dropout, the lowest first."""
OPTIMIZER_COLOURS = {
    "adam": "#2f6690",
    "adadelta": "#81b29a",
    "adagrad": "#e9a23b",
    "sgd": "#d1495b",
}


def learning_rate_figure(curves: pd.DataFrame, best: pd.DataFrame, *, title: str) -> Figure:
    """Accuracy and calibration error against rate, a column per optimizer, a colour per dropout.

    Args:
        curves: From :func:`atelier.sweep.analysis.accuracy_curves`.
        best: From :func:`atelier.sweep.analysis.best_learning_rates`.
        title: Above all.
    """
    optimizers = list(curves["optimizer"].unique())
    colours = dict(zip(sorted(curves["dropout"].unique()), ARMS, strict=False))
    top = min(1.0, 1.1 * float(curves["high"].max()))
    worst = 1.05 * float(curves["test_ece"].fillna(0).max()) or None
    with house_style():
        figure = Figure(figsize=(3.3 * len(optimizers) + 0.6, 5.6))
        set_title(figure, title)
        panels = figure.subplots(2, len(optimizers), sharex=True, sharey="row", squeeze=False)
        for (upper, lower), optimizer in zip(panels.T, optimizers, strict=True):
            for dropout, curve in _arms(curves, optimizer):
                told = best[(best[GROUP] == [optimizer, dropout]).all(axis=1)].iloc[0]
                _draw_arm(upper, lower, curve, told, colours[dropout])
            upper.set(title=NAMES[optimizer], xscale="log", ylim=(0, top))
            lower.set(xlabel="learning rate", ylim=(0, worst))
        panels[0, 0].set_ylabel("test accuracy")
        panels[1, 0].set_ylabel("calibration error (ECE)")
        arms = panels[0, 0].get_legend_handles_labels()[0]
        figure.legend(handles=arms + _signs(), loc="upper right", ncols=5, fontsize=8)
        return figure


def _signs() -> list[Line2D]:
    """What dots, diamonds and bars mean."""
    return [
        Line2D([], [], color=QUIET, marker="o", ls="", label="best on selection"),
        Line2D([], [], color=QUIET, marker="D", mfc="white", ls="", label="best calibrated"),
        Line2D([], [], color=QUIET, lw=3, label="as good as best"),
    ]


def _arms(curves: pd.DataFrame, optimizer: str) -> Iterator[tuple[Hashable, pd.DataFrame]]:
    yield from curves[curves["optimizer"] == optimizer].groupby("dropout")


def _draw_arm(upper: Axes, lower: Axes, curve: pd.DataFrame, told: pd.Series, colour: str) -> None:
    """One line with its band, its best rate and the bar of rates that are as good."""
    rate = curve["learning_rate"]
    label = f"dropout {told['dropout']:g}" if told["dropout"] else "no dropout"
    upper.fill_between(rate, curve["low"], curve["high"], color=colour, alpha=0.2, lw=0)
    upper.plot(rate, curve["test_accuracy"], color=colour, label=label)
    upper.plot(told["best_rate"], told["test_accuracy"], "o", color=colour, ms=5)
    height = 0.03 if told["dropout"] == 0 else 0.06
    upper.plot([told["as_good_low"], told["as_good_high"]], [height] * 2, color=colour, lw=3)
    if curve["diverged"].any():
        upper.fill_between(rate, 0, curve["diverged"], color=INK, alpha=0.08, lw=0)
    lower.plot(rate, curve["test_ece"], color=colour)
    lower.plot(told["best_rate"], told["test_ece"], "o", color=colour, ms=5)
    lower.plot(told["calibrated_rate"], told["calibrated_ece"], "D", color=colour, mfc="white")


def learning_rate_plot(curves: pd.DataFrame, best: pd.DataFrame, *, title: str) -> go.Figure:
    """The same to explore: every curve can be switched off, every point says its numbers.

    Args:
        curves: From :func:`atelier.sweep.analysis.accuracy_curves`.
        best: From :func:`atelier.sweep.analysis.best_learning_rates`.
        title: Above all.
    """
    plot = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for (optimizer, dropout), curve in curves.groupby(GROUP, sort=False):
        (told,) = best[(best[GROUP] == [optimizer, dropout]).all(axis=1)].to_dict("records")
        for row, measure in ((1, "test_accuracy"), (2, "test_ece")):
            plot.add_trace(
                go.Scatter(
                    x=curve["learning_rate"],
                    y=curve[measure],
                    name=arm_name({str(key): value for key, value in told.items()}),
                    legendgroup=f"{optimizer} {dropout}",
                    showlegend=row == 1,
                    mode="lines+markers",
                    marker={"size": 4},
                    line={
                        "color": OPTIMIZER_COLOURS[str(optimizer)],
                        "dash": "dot" if told["dropout"] else "solid",
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
