"""Figures of calibration: reliability diagrams, Guo's table, capacity and overtraining."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from atelier.evaluation.reliability import reliability_bands, reliability_bins
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.types import Array, History, Labels

COLUMNS = 4
COOL = "#81b29a"
COLOURS = (WARM, COOL, "#e9a23b", "#9d79bc", "#4c956c", ACCENT, QUIET, INK)
TITLES = {
    "uncalibrated": "uncalibrated",
    "histogram_binning": "histogram binning",
    "isotonic": "isotonic regression",
    "bbq": "Bayesian binning (BBQ)",
    "platt": "Platt scaling",
    "temperature": "temperature scaling",
    "vector": "vector scaling",
    "matrix": "matrix scaling",
    "beta": "beta calibration",
    "dirichlet": "Dirichlet calibration",
    "ensemble_temperature": "ensemble temperature",
    "spline": "spline calibration",
    "venn_abers": "Venn–Abers",
    "structured_vector": "structured vector",
    "structured_matrix": "structured matrix",
}
"""Titles of the project's own calibrators; others are called by their names."""
FACTORS = {
    "width": "units in a layer",
    "depth": "hidden layers",
    "weight_decay": "weight decay",
    "batch_normalisation": "batch normalisation",
}


def method_title(name: str) -> str:
    """Returns the title of a calibrator in figures and pages.

    Examples:
        >>> method_title("bbq"), method_title("mine")
        ('Bayesian binning (BBQ)', 'mine')
    """
    return TITLES.get(name, name)


def reliability_figure(
    methods: Mapping[str, Array],
    labels: Labels,
    table: pd.DataFrame,
    *,
    title: str,
    examples: str = "images",
) -> Figure:
    """Draws a reliability diagram for each method (Guo et al. 2017, fig. 4), with counts below.

    A vertical line is the 95 % Clopper–Pearson interval of the accuracy in a bin.

    Args:
        methods: Probabilities of each method, (n, classes), by its name.
        labels: (n,), integers in [0, classes).
        table: The :func:`atelier.calibration.tables.calibration_table` of these methods.
        title: Title of the figure.
        examples: What is classified.

    Returns:
        The figure.
    """
    columns = min((COLUMNS, COLUMNS + 1), key=lambda columns: -len(methods) % columns)
    rows = -(-len(methods) // columns)
    with house_style():
        figure = Figure(figsize=(2.7 * columns, 3.3 * rows + 0.4))
        set_title(figure, title)
        grid = figure.add_gridspec(rows * 2, columns, height_ratios=[3, 1] * rows)
        measured: Any = table.set_index("method")
        for index, (name, probs) in enumerate(methods.items()):
            row, column = divmod(index, columns)
            diagram = figure.add_subplot(grid[2 * row, column])
            counts = figure.add_subplot(grid[2 * row + 1, column], sharex=diagram)
            _draw_reliability(diagram, counts, probs, labels)
            ece, low, high = (
                100 * measured.loc[name, f"ece{end}"] for end in ("", "_low", "_high")
            )
            diagram.set_title(method_title(name), size=9)
            diagram.text(
                0.03, 0.97, f"ECE {ece:.1f} %\n[{low:.1f}, {high:.1f}]", va="top", size=8,
                transform=diagram.transAxes, zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
            )  # fmt: skip
            if column == 0:
                diagram.set_ylabel("accuracy")
                counts.set_ylabel(examples)
            if index + columns >= len(methods):
                counts.set_xlabel("confidence")
        figure.legend(*diagram.get_legend_handles_labels(), ncols=3, loc="outside upper right")
    return figure


def reliability_plot(
    methods: Mapping[str, Array], labels: Labels, *, title: str, examples: str = "images"
) -> go.Figure:
    """Plots the reliability of all methods in one interactive diagram, a line for each method.

    Args:
        methods: Probabilities of each method, (n, classes), by its name.
        labels: (n,), integers in [0, classes).
        title: Title of the plot.
        examples: What is classified.

    Returns:
        The plot; each point shows the number of examples of its bin, and the 95 % Clopper–Pearson
        interval of its accuracy.
    """
    plot = go.Figure()
    plot.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", name="perfectly calibrated",
        line={"color": QUIET, "dash": "dash"}, hoverinfo="skip",
    )  # fmt: skip
    for (name, probs), colour in zip(methods.items(), cycle(COLOURS), strict=False):
        bins = reliability_bins(probs, labels)
        filled = bins.count > 0
        plot.add_scatter(
            x=bins.confidence[filled],
            y=bins.accuracy[filled],
            name=method_title(name),
            mode="lines+markers",
            line={"color": colour},
            visible=True if name in {"uncalibrated", "temperature"} else "legendonly",
            customdata=np.stack([bins.count, *reliability_bands(bins)], axis=1)[filled],
            hovertemplate="confidence %{x:.3f}, accuracy %{y:.3f} "
            "(%{customdata[1]:.3f} to %{customdata[2]:.3f}), %{customdata[0]:,} " + examples,
        )
    plot.update_xaxes(title="confidence", range=[0, 1.02])
    plot.update_yaxes(title="accuracy", range=[0, 1.02])
    plot.update_layout(title=title, template="plotly_white", height=560, hovermode="closest")
    return plot


def _draw_reliability(diagram: Axes, counts: Axes, probs: Array, labels: Labels) -> None:
    bins = reliability_bins(probs, labels)
    width, middle = bins.upper - bins.lower, (bins.upper + bins.lower) / 2
    common = np.minimum(bins.accuracy, bins.confidence)
    diagram.bar(middle, common, width, color=ACCENT, edgecolor="white")
    for over, colour, label in ((True, WARM, "overconfident"), (False, COOL, "underconfident")):
        gap = np.where((bins.confidence > bins.accuracy) == over, bins.gap, 0)
        diagram.bar(
            middle, gap, width, bottom=common, color=colour, alpha=0.45, edgecolor="white",
            label=label,
        )  # fmt: skip
    low, high = reliability_bands(bins)
    diagram.vlines(middle, low, high, color="white", linewidth=2.2)
    diagram.vlines(middle, low, high, color=INK, linewidth=0.9, label="95 % interval")
    diagram.plot([0, 1], [0, 1], "--", color=INK, linewidth=0.8)
    diagram.set(xlim=(0, 1), ylim=(0, 1))
    diagram.tick_params(labelbottom=False)
    counts.bar(middle, bins.count, width, color=QUIET, edgecolor="white", log=True)
    counts.set_ylim(0.5, len(labels) * 2)


def guo_figure(tables: Mapping[str, pd.DataFrame], *, title: str) -> Figure:
    """Draws table 1 of Guo et al. 2017: ECE in % of every method for every network.

    Args:
        tables: Of each network its :func:`atelier.calibration.tables.calibration_table`.
        title: Title of the figure.

    Returns:
        The figure; colours compare with the uncalibrated network, green is better.
    """
    methods = list(next(iter(tables.values()))["method"])
    values = np.array([100 * table["ece"].to_numpy() for table in tables.values()])
    limits = [(100 * table["ece_low"], 100 * table["ece_high"]) for table in tables.values()]
    ratio = np.log2(np.maximum(values, 1e-3) / np.maximum(values[:, :1], 1e-3))
    with house_style():
        figure = Figure(figsize=(1.35 * len(methods) + 1.2, 0.75 * len(tables) + 1.3))
        set_title(figure, title)
        axes = figure.subplots()
        axes.imshow(ratio, cmap="RdYlGn_r", vmin=-3, vmax=3, aspect="auto", alpha=0.55)
        for row, (low, high) in enumerate(limits):
            for column, value in enumerate(values[row]):
                text = f"{value:.2f}\n[{low[column]:.2f}, {high[column]:.2f}]"
                axes.text(column, row, text, ha="center", va="center", size=8, color=INK)
        names = [f"{name}\nn = {int(table['n'].iloc[0]):,}" for name, table in tables.items()]
        axes.set_yticks(np.arange(len(names)), names)
        axes.set_xticks(
            np.arange(len(methods)), [method_title(m).replace(" ", "\n", 1) for m in methods]
        )
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    return figure


def capacity_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Draws test error and ECE against each factor (Guo et al. 2017, fig. 2).

    Args:
        table: From :func:`atelier.calibration.capacity.capacity_study`.
        title: Title of the figure.

    Returns:
        The figure: means as lines, a point for each seed.
    """
    factors = list(dict.fromkeys(table["factor"]))
    curves = (
        (0, "error", QUIET, "s-", "error"),
        (1, "ece", WARM, "o-", "ECE"),
        (1, "ece_after", ACCENT, "^--", "ECE after temperature scaling"),
    )
    with house_style():
        figure = Figure(figsize=(2.7 * len(factors), 4.4))
        set_title(figure, title)
        panels = figure.subplots(2, len(factors), sharex="col", sharey="row", squeeze=False)
        for column, factor in enumerate(factors):
            subset = table[table["factor"] == factor]
            levels = sorted(subset["level"].unique())
            position = subset["level"].map({level: index for index, level in enumerate(levels)})
            for row, name, colour, style, label in curves:
                axes, means = panels[row, column], subset.groupby("level")[name].mean()
                axes.plot(range(len(levels)), means, style, color=colour, label=label, markersize=5)
                axes.plot(position, subset[name], ".", color=colour, markersize=3, alpha=0.6)
            limits = subset[["ece_low", "ece_high"]].to_numpy()
            reach = np.abs(limits - subset[["ece"]].to_numpy()).T
            panels[1, column].errorbar(
                position, subset["ece"], reach, fmt="none", ecolor=WARM, alpha=0.5
            )
            switch = factor == "batch_normalisation"
            names = [("off", "on")[int(x)] if switch else f"{x:g}" for x in levels]
            panels[1, column].set_xticks(range(len(levels)), names)
            panels[1, column].set(xlabel=FACTORS[factor], xlim=(-0.3, len(levels) - 0.7))
        for axes, label in zip(panels[:, 0], ("test error", "calibration error"), strict=True):
            axes.set_ylim(bottom=0)
            axes.set_ylabel(label)
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        handles, names = panels[1, 0].get_legend_handles_labels()
        figure.legend(handles, names, ncols=2, loc="outside lower center")
    return figure


def overtraining_figure(history: History, *, title: str) -> Figure:
    """Draws likelihood, error and ECE by epoch (Guo et al. 2017, fig. 3).

    Args:
        history: A mapping of metrics for each epoch: ``train_nll``, ``test_nll``, ``test_error``,
            ``test_ece``.
        title: Title of the figure.

    Returns:
        The figure; a dotted line marks the epoch of the best test likelihood.
    """
    epochs = np.arange(1, len(history) + 1)
    curves = {name: np.array([row[name] for row in history]) for name in history[0]}
    best = int(curves["test_nll"].argmin())
    with house_style():
        figure = Figure(figsize=(8.2, 3.0))
        set_title(figure, title)
        likelihood, rates = figure.subplots(1, 2)
        likelihood.plot(epochs, curves["train_nll"], color=QUIET, label="training")
        likelihood.plot(epochs, curves["test_nll"], color=WARM, label="test")
        likelihood.plot(epochs[best], curves["test_nll"][best], "o", color=WARM, markersize=5)
        likelihood.set(xlabel="epoch", ylabel="negative log-likelihood, nats")
        likelihood.set_ylim(0, 1.15 * curves["test_nll"][1:].max(initial=curves["test_nll"].min()))
        rates.plot(epochs, curves["test_error"], color=ACCENT, label="test error")
        rates.plot(epochs, curves["test_ece"], color=WARM, label="test ECE")
        rates.set(xlabel="epoch")
        rates.set_ylim(bottom=0)
        rates.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        for axes in (likelihood, rates):
            axes.axvline(epochs[best], color=QUIET, linewidth=0.8, linestyle=":")
            axes.legend()
    return figure
