"""Figures of maxout."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.types import Array, Arrays, History, Metrics

COLOURS = {"ReLU": QUIET, "maxout": ACCENT}


def maxout_comparison_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Test error of every network with its 95 % interval, arm beside arm; training error hollow."""
    arms = list(dict.fromkeys(zip(table["network"], table["dropout"], strict=True)))
    seeds = sorted(table["seed"].unique())
    with house_style():
        figure = Figure(figsize=(7.0, 3.2))
        axes = figure.subplots()
        for place, (network, dropout) in enumerate(arms):
            own = table[(table["network"] == network) & (table["dropout"] == dropout)]
            x = place + 0.12 * (np.arange(len(own)) - (len(seeds) - 1) / 2)
            error = own["error"].to_numpy()
            reach = np.abs(own[["error_low", "error_high"]].to_numpy().T - error)
            colour = COLOURS[network]
            axes.errorbar(x, error, reach, fmt="o", color=colour, markersize=5, capsize=2)
            axes.plot(x, own["train_error"], "o", mfc="none", mec=colour, markersize=4)
            axes.hlines(error.mean(), place - 0.3, place + 0.3, color=INK, linewidth=1)
            axes.annotate(
                f"{100 * error.mean():.2f} %", (place + 0.31, error.mean()), va="center", size=8
            )
        names = [f"{n}\n{f'dropout {d:g}' if d else 'no dropout'}" for n, d in arms]
        axes.set_xticks(range(len(arms)), names)
        axes.set(title=title, ylabel="error", xlim=(-0.5, len(arms) - 0.2))
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.plot([], [], "o", color=INK, label="test, a dot for each seed")
        axes.plot([], [], "o", mfc="none", mec=INK, label="training")
        figure.legend(*axes.get_legend_handles_labels(), ncols=2, loc="outside lower center")
    return figure


def pieces_figure(shares: Array, *, title: str) -> Figure:
    """How often each piece of each unit wins: units side by side, the most frequent piece below."""
    order = np.argsort(shares[:, 0])
    with house_style():
        figure = Figure(figsize=(7.0, 2.8))
        axes = figure.subplots()
        bottom = np.zeros(len(shares))
        for piece, blue in enumerate(np.linspace(0, 0.85, shares.shape[1])):
            colour = tuple((1 - blue) * np.array([0.18, 0.40, 0.56]) + blue)
            axes.bar(np.arange(len(shares)), shares[order, piece], 1.0, bottom, color=colour)
            bottom += shares[order, piece]
        axes.set(title=title, xlabel="unit, by its most frequent piece", ylabel="share of images")
        axes.set(xlim=(-0.5, len(shares) - 0.5), ylim=(0, 1))
        axes.grid(visible=False)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def functions_figure(learnt: Arrays, names: list[str]) -> Figure:
    """One maxout unit for each function: target, pieces and their maximum (the paper's fig. 1).

    Args:
        learnt: ``x`` (points,), ``targets`` and ``outputs`` (points, functions), ``pieces``
            (points, functions, pieces).
        names: Of the functions.
    """
    x, targets = learnt["x"], learnt["targets"]
    outputs, pieces = learnt["outputs"], learnt["pieces"]
    with house_style():
        figure = Figure(figsize=(8.2, 2.9))
        panels = figure.subplots(1, len(names))
        for index, (axes, name) in enumerate(zip(panels, names, strict=True)):
            axes.plot(x, pieces[:, index], color=QUIET, linewidth=0.8)
            axes.plot(x, targets[:, index], color=WARM, linewidth=3, alpha=0.4, label="wanted")
            axes.plot(x, outputs[:, index], color=ACCENT, label="learnt")
            worst = np.abs(outputs[:, index] - targets[:, index]).max()
            axes.set(title=f"{name}: off by {worst:.3f} at most", xlabel="x")
            low, high = targets[:, index].min(), targets[:, index].max()
            axes.set_ylim(low - 0.8, high + 0.4)
        figure.legend(*panels[0].get_legend_handles_labels(), ncols=2, loc="outside lower center")
    return figure


def maxout_training_figure(history: History, metrics: Metrics, *, first: int, title: str) -> Figure:
    """Likelihood and error by epoch, and where the second phase begins."""
    epochs = np.arange(1, len(history) + 1)
    with house_style():
        figure = Figure(figsize=(8.2, 3.0))
        found = (
            f"test: {metrics['mistakes']:.0f} mistakes in {metrics['n']:,.0f}, "
            f"{100 * metrics['error']:.2f} % "
            f"[{100 * metrics['error_low']:.2f}, {100 * metrics['error_high']:.2f}]"
        )
        set_title(figure, f"{title} · {found}")
        left, right = figure.subplots(1, 2)
        for name, colour, label in (
            ("train_nll", QUIET, "trained on"),
            ("held_out_nll", WARM, "held out"),
        ):
            left.plot(epochs, [row[name] for row in history], color=colour, label=label)
        left.set(xlabel="epoch", ylabel="negative log-likelihood, nats", yscale="log")
        right.plot(epochs, [row["held_out_error"] for row in history], color=WARM, label="held out")
        right.axhline(metrics["error"], color=ACCENT, linestyle="--", label="test, at the end")
        right.set(xlabel="epoch", ylabel="error")
        right.set_ylim(bottom=0)
        right.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        for axes in (left, right):
            if len(history) > first:
                axes.axvline(first + 0.5, color=INK, linewidth=0.8, linestyle=":")
                label = "all images"
                axes.text(first + 0.7, 0.03, label, transform=axes.get_xaxis_transform(), size=7)
            axes.legend()
    return figure
