"""Figures of dropout."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from scipy import stats

from atelier.plotting import (
    ACCENT,
    INK,
    QUIET,
    WARM,
    house_style,
    rasterize_frames,
    set_title,
    show_image,
)
from atelier.types import Animation, Array

FRAME_SECONDS = 0.6
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
CONFIDENCES = {
    "softmax": "softmax, scaled network",
    "monte_carlo_mean": "Monte Carlo mean",
    "monte_carlo_spread": "Monte Carlo spread",
}
"""Labels of the confidence scores."""


def gap_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Draws training and test error, and their gap, against the size of the training set.

    Args:
        table: From :func:`atelier.dropout.generalization.generalization_gap`.
        title: Title of the figure.

    Returns:
        The figure: means as lines, a point for each seed.
    """
    with house_style():
        figure = Figure(figsize=(8.2, 3.2))
        set_title(figure, title)
        errors, gaps = figure.subplots(1, 2)
        for drop in sorted(table["dropout"].unique()):
            colour, label = (ACCENT, f"dropout {drop:g}") if drop else (WARM, "no dropout")
            networks = table[table["dropout"] == drop]
            _draw_gap(errors, gaps, networks, colour=colour, label=label)
        errors.set(xlabel="training images", ylabel="error", xscale="log")
        gaps.set(xlabel="training images", ylabel="test error − training error", xscale="log")
        sizes = sorted(table["images"].unique())
        for axes in (errors, gaps):
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.set_xticks(sizes, minor=False)
            axes.set_xticklabels([f"{size:,}" for size in sizes])
            axes.minorticks_off()
            axes.legend(fontsize=8)
    return figure


def _draw_gap(errors: Axes, gaps: Axes, networks: pd.DataFrame, *, colour: str, label: str) -> None:
    """Draws the errors of one kind of network, and their gap."""
    images, test_error = networks["images"], networks["test_error"]
    means = networks.groupby("images")[["train_error", "test_error"]].mean()
    errors.plot(means.index, means["test_error"], "o-", color=colour, label=f"{label}, test")
    errors.plot(means.index, means["train_error"], "o--", color=colour, label="training", mfc="w")
    limits = networks[["test_error_low", "test_error_high"]].to_numpy().T
    reach = np.abs(limits - test_error.to_numpy())
    errors.errorbar(images, test_error, reach, fmt=".", color=colour, alpha=0.4)
    gap = test_error - networks["train_error"]
    gaps.plot(images, gap, ".", color=colour, alpha=0.6)
    gaps.plot(gap.groupby(images).mean(), "o-", color=colour, label=label)


def active_units_figure(counts: Array, *, units: int, keep: float) -> Figure:
    """Draws how many units are active in each batch, against the binomial distribution.

    Args:
        counts: Active units of each batch, (batches,).
        units: Number of units.
        keep: Probability that a unit is active.

    Returns:
        The figure.
    """
    with house_style():
        figure = Figure(figsize=(6.0, 2.8))
        axes = figure.subplots()
        values = np.arange(counts.min(), counts.max() + 1)
        share = np.bincount(counts, minlength=values[-1] + 1)[values] / len(counts)
        axes.bar(values, share, 1.0, color=ACCENT, alpha=0.7, label=f"{len(counts):,} batches")
        binomial = stats.binom(units, keep)
        axes.plot(values, binomial.pmf(values), color=WARM, label=f"binomial({units}, {keep:g})")
        title = f"active units of {units}: {counts.mean():.1f} ± {counts.std():.1f} per batch"
        axes.set(title=title, xlabel="active units", ylabel="share of batches")
        axes.legend()
    return figure


def weight_updates_figure(
    table: pd.DataFrame, steps: Mapping[str, Array], *, drop: float
) -> Figure:
    """Draws the share of weights updated so far, and the updates of dropped units' weights.

    Args:
        table: From :func:`atelier.dropout.weight_updates.compare_optimizers`.
        steps: For each optimizer |change| of every weight, (batches, units, classes), under one
            mask per batch.
        drop: Probability p that a unit is dropped; 1 − pⁿ is expected after n batches.

    Returns:
        The figure: shares on the left, steps of dropped units on the right.
    """
    with house_style():
        figure = Figure(figsize=(8.6, 3.2))
        updated, dropped = figure.subplots(1, 2)
        _draw_updated_shares(updated, steps, drop)
        _draw_dropped_steps(dropped, table[table["mask"] == "batch"])
    return figure


def _draw_updated_shares(axes: Axes, steps: Mapping[str, Array], drop: float) -> None:
    batches = np.arange(1, len(next(iter(steps.values()))) + 1)
    axes.plot(batches, 1 - drop**batches, color=INK, linewidth=5, alpha=0.2, label="1 − pⁿ")
    for (name, change), line in zip(steps.items(), LINE_STYLES, strict=True):
        share = np.maximum.accumulate(change > 0).mean(axis=(1, 2))
        axes.plot(batches, share, linestyle=line, label=name)
    axes.set(xlabel="batches, one mask each", title="share of weights updated so far")
    axes.set_xlim(0.8, min(12, len(batches)))
    axes.set_ylim(0, 1.03)
    axes.legend(fontsize=7, ncols=2)


def _draw_dropped_steps(axes: Axes, table: pd.DataFrame) -> None:
    positions, ratio = np.arange(len(table)), table["dropped_over_active"].to_numpy()
    axes.barh(positions, ratio, color=[ACCENT if value > 0 else QUIET for value in ratio])
    for position, value in enumerate(ratio):
        axes.text(value, position, f" {value:.2f}", va="center", size=8)
    axes.set_yticks(positions, table["optimizer"])
    axes.invert_yaxis()
    axes.set_xlim(0, max(1.0, 1.15 * ratio.max()))
    axes.set_title("step of a dropped unit's weights,\nas a share of an active unit's")
    axes.grid(axis="y", visible=False)


def weight_updates_animation(steps: Mapping[str, Array], *, frames: int) -> Animation:
    """Draws for every optimizer which weights a batch updates, how much, and how often so far.

    It is the animation of the post "Dropout explained and implementation in Tensorflow"
    (laid.delanover.com).

    Args:
        steps: For each optimizer |change| of every weight, (batches, units, classes).
        frames: Number of batches that are drawn.

    Returns:
        The animation, a frame for each batch.
    """
    largest = {name: np.quantile(change, 0.99) for name, change in steps.items()}
    with house_style():
        figure = Figure(figsize=(1.35 * len(steps) + 0.6, 5.4), dpi=80)
        title = set_title(figure, "batch")
        panels = figure.subplots(3, len(steps))
        for row, label in enumerate(("updated", "size of the update", "updates so far")):
            panels[row, 0].set_ylabel(label, size=8)

        def draw(batch: int) -> None:
            title.set_text(f"batch {batch + 1}")
            for (updated, size, times), (name, change) in zip(panels.T, steps.items(), strict=True):
                updated.set_title(name, size=8)
                _draw_weights(updated, change[batch] > 0, 1.0, "Greys")
                _draw_weights(size, change[batch] / largest[name], 1.0, "magma_r")
                so_far = (change[: batch + 1] > 0).sum(axis=0)
                _draw_weights(times, so_far, float(len(change)), "viridis")

        return Animation(rasterize_frames(figure, draw, frames), FRAME_SECONDS)


def _draw_weights(axes: Axes, values: Array, highest: float, colours: str) -> None:
    show_image(axes, values, cmap=colours, vmin=0, vmax=highest, aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)


def averages_figure(averages: Mapping[str, Array], labels: Array, *, units: int) -> Figure:
    """Draws the probabilities of the scaled network against the averages of all thinned networks.

    Args:
        averages: ``scaled``, ``arithmetic`` and ``geometric``, (n, classes) each.
        labels: (n,), integers in [0, classes).
        units: Number of hidden units.

    Returns:
        The figure, a panel for each mean.
    """
    scaled = averages["scaled"]
    with house_style():
        figure = Figure(figsize=(7.4, 3.3))
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, kind in zip(panels, ("arithmetic", "geometric"), strict=True):
            mean = averages[kind]
            axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8)
            axes.plot(scaled.ravel(), mean.ravel(), ".", color=ACCENT, markersize=2, alpha=0.4)
            difference = np.abs(scaled - mean)
            error = (mean.argmax(axis=1) != labels).mean()
            axes.set_title(f"{kind} mean of $2^{{{units}}}$: error {100 * error:.1f} %", size=9)
            text = f"mean difference {difference.mean():.2g}\nlargest {difference.max():.2g}"
            axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", size=8)
            axes.set_xlabel("probability of the scaled network")
    return figure


def rejection_figure(curves: Mapping[str, Array], *, title: str) -> Figure:
    """Draws the error among the most confident predictions against their share.

    Args:
        curves: Of each confidence score the error among the k most confident predictions, (n,).
        title: Title of the figure.

    Returns:
        The figure, a line for each score.
    """
    with house_style():
        figure = Figure(figsize=(6.0, 3.0))
        axes = figure.subplots()
        for (name, errors), colour in zip(curves.items(), (QUIET, ACCENT, WARM), strict=True):
            accepted = np.arange(1, len(errors) + 1) / len(errors)
            axes.plot(accepted, errors, color=colour, label=CONFIDENCES.get(name, name))
        axes.set(title=title, xlabel="share of images accepted", ylabel="error among them")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.legend()
    return figure
