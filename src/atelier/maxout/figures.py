"""Figures of maxout."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from atelier.maxout.functions import TARGETS
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.types import Array, Arrays, History, Metrics

COLOURS = {"ReLU": QUIET, "maxout": ACCENT}
TITLES = {"absolute": "|x|", "relu": "ReLU", "square": "x²"}
"""Of the functions that a unit is fitted to."""
LIKELIHOODS = (("train_nll", QUIET, "training images"), ("held_out_nll", WARM, "held-out images"))


def maxout_comparison_figure(table: pd.DataFrame, *, name: str) -> Figure:
    """Draws the test error of each network with its 95 % interval; training error hollow.

    Args:
        table: As `atelier.maxout.compare_with_relu` returns it.
        name: Of the data, for the title.

    Returns:
        The figure.
    """
    parameters, n = table["parameters"], int(table["n"].iloc[0])
    size = f"{parameters.min():,} to {parameters.max():,} parameters"
    with house_style():
        figure = Figure(figsize=(7.0, 3.2))
        axes = figure.subplots()
        labels: list[str] = []
        for _, rows in table.groupby(["network", "dropout"], sort=False):
            network, drop = str(rows["network"].iloc[0]), float(rows["dropout"].iloc[0])
            _draw_networks(axes, len(labels), rows, COLOURS[network])
            labels.append(f"{network}\n{f'dropout {drop:g}' if drop > 0 else 'no dropout'}")
        axes.set_xticks(range(len(labels)), labels)
        axes.set(ylabel="error", xlim=(-0.5, len(labels) - 0.2))
        axes.set_title(f"{name}: maxout and ReLU, {size}, n = {n:,}")
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.plot([], [], "o", color=INK, label="test, a dot for each seed")
        axes.plot([], [], "o", mfc="none", mec=INK, label="training")
        figure.legend(*axes.get_legend_handles_labels(), ncols=2, loc="outside lower center")
    return figure


def _draw_networks(axes: Axes, position: int, rows: pd.DataFrame, colour: str) -> None:
    """The networks of one kind side by side, a dot for each seed, and their mean."""
    x = position + 0.12 * (np.arange(len(rows)) - (len(rows) - 1) / 2)
    error = rows["error"].to_numpy()
    reach = np.abs(rows[["error_low", "error_high"]].to_numpy().T - error)
    axes.errorbar(x, error, reach, fmt="o", color=colour, markersize=5, capsize=2)
    axes.plot(x, rows["train_error"], "o", mfc="none", mec=colour, markersize=4)
    mean = error.mean()
    axes.hlines(mean, position - 0.3, position + 0.3, color=INK, linewidth=1)
    axes.annotate(f"{100 * mean:.2f} %", (position + 0.31, mean), va="center", size=8)


def pieces_figure(shares: Array, *, name: str) -> Figure:
    """Draws how often each piece of each unit is the largest, units side by side.

    Args:
        shares: Of the images, (units, pieces), as `atelier.maxout.piece_shares` returns them.
        name: Of the data, for the title.

    Returns:
        The figure.
    """
    order = np.argsort(shares[:, 0])
    with house_style():
        figure = Figure(figsize=(7.0, 2.8))
        axes = figure.subplots()
        bottom = np.zeros(len(shares))
        for piece, blue in enumerate(np.linspace(0, 0.85, shares.shape[1])):
            colour = tuple((1 - blue) * np.array([0.18, 0.40, 0.56]) + blue)
            axes.bar(np.arange(len(shares)), shares[order, piece], 1.0, bottom, color=colour)
            bottom += shares[order, piece]
        axes.set(xlabel="unit, by its most frequent piece", ylabel="share of images")
        axes.set_title(f"{name}: which of {shares.shape[1]} pieces is the largest")
        axes.set(xlim=(-0.5, len(shares) - 0.5), ylim=(0, 1))
        axes.grid(visible=False)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def functions_figure(fit: Arrays) -> Figure:
    """Draws one maxout unit for each function: target, pieces and their maximum.

    Args:
        fit: The fields of `atelier.maxout.FunctionFit`: ``x`` (points,), ``targets`` and
            ``outputs`` (points, functions), ``pieces`` (points, functions, pieces).

    Returns:
        The figure, after fig. 1 of Goodfellow et al. 2013.
    """
    with house_style():
        figure = Figure(figsize=(8.2, 2.9))
        panels = figure.subplots(1, len(TARGETS))
        for index, (axes, name) in enumerate(zip(panels, TARGETS, strict=True)):
            target, output = fit["targets"][:, index], fit["outputs"][:, index]
            axes.plot(fit["x"], fit["pieces"][:, index], color=QUIET, linewidth=0.8)
            axes.plot(fit["x"], target, color=WARM, linewidth=3, alpha=0.4, label="target")
            axes.plot(fit["x"], output, color=ACCENT, label="maxout unit")
            error = np.abs(output - target).max()
            axes.set(title=f"{TITLES[name]}: largest error {error:.3f}", xlabel="x")
            axes.set_ylim(target.min() - 0.8, target.max() + 0.4)
        figure.legend(*panels[0].get_legend_handles_labels(), ncols=2, loc="outside lower center")
    return figure


def maxout_training_figure(history: History, metrics: Metrics, *, first: int, name: str) -> Figure:
    """Draws likelihood and error by epoch, and where the second phase begins.

    Args:
        history: As `atelier.maxout.train_with_momentum` returns it.
        metrics: As `atelier.maxout.error_rates` returns them.
        first: Epochs of the first phase.
        name: Of the data, for the title.

    Returns:
        The figure.
    """
    epochs = np.arange(1, len(history) + 1)
    percent = {key: 100 * metrics[key] for key in ("error", "error_low", "error_high")}
    test = (
        f"test: {metrics['mistakes']:.0f} mistakes in {metrics['n']:,.0f}, {percent['error']:.2f} %"
        f" [{percent['error_low']:.2f}, {percent['error_high']:.2f}]"
    )
    with house_style():
        figure = Figure(figsize=(8.2, 3.0))
        set_title(figure, f"{name} · {test}")
        likelihood, errors = figure.subplots(1, 2)
        for column, colour, label in LIKELIHOODS:
            likelihood.plot(epochs, [row[column] for row in history], color=colour, label=label)
        likelihood.set(xlabel="epoch", ylabel="negative log-likelihood, nats", yscale="log")
        error = [row["held_out_error"] for row in history]
        errors.plot(epochs, error, color=WARM, label="held-out images")
        errors.axhline(metrics["error"], color=ACCENT, linestyle="--", label="test, at the end")
        errors.set(xlabel="epoch", ylabel="error")
        errors.set_ylim(bottom=0)
        errors.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        for axes in (likelihood, errors):
            if len(history) > first:
                _mark_second_phase(axes, first)
            axes.legend()
    return figure


def _mark_second_phase(axes: Axes, first: int) -> None:
    axes.axvline(first + 0.5, color=INK, linewidth=0.8, linestyle=":")
    axes.text(first + 0.7, 0.03, "all images", transform=axes.get_xaxis_transform(), size=7)
