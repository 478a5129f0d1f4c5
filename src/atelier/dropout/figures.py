"""Figures of dropout."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from scipy import stats

from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, rasterize, set_title
from atelier.types import Animation, Array

ARMS = {0.0: (WARM, "no dropout")}
SECONDS = 0.6


def gap_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Training and test error against the size of the training set; a dot for each seed."""
    with house_style():
        figure = Figure(figsize=(8.2, 3.2))
        set_title(figure, title)
        left, right = figure.subplots(1, 2)
        for drop, own in table.groupby("dropout"):
            colour, name = ARMS.get(float(str(drop)), (ACCENT, f"dropout {drop:g}"))
            means = own.groupby("images")[["train_error", "test_error"]].mean()
            left.plot(means.index, means["test_error"], "o-", color=colour, label=f"{name}, test")
            left.plot(
                means.index, means["train_error"], "o--", color=colour, label="training", mfc="w"
            )
            reach = np.abs(
                own[["test_low", "test_high"]].to_numpy().T - own["test_error"].to_numpy()
            )
            left.errorbar(own["images"], own["test_error"], reach, fmt=".", color=colour, alpha=0.4)
            gap = own["test_error"] - own["train_error"]
            right.plot(own["images"], gap, ".", color=colour, alpha=0.6)
            right.plot(gap.groupby(own["images"]).mean(), "o-", color=colour, label=name)
        left.set(xlabel="training images", ylabel="error", xscale="log")
        right.set(xlabel="training images", ylabel="test error less training error", xscale="log")
        for axes in (left, right):
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.set_xticks(sorted(table["images"].unique()), minor=False)
            axes.set_xticklabels([f"{size:,}" for size in sorted(table["images"].unique())])
            axes.minorticks_off()
            axes.legend(fontsize=8)
    return figure


def active_units_figure(counts: Array, *, units: int, keep: float) -> Figure:
    """How many units the batches keep, against the binomial law."""
    with house_style():
        figure = Figure(figsize=(6.0, 2.8))
        axes = figure.subplots()
        places = np.arange(counts.min(), counts.max() + 1)
        share = np.bincount(counts, minlength=places[-1] + 1)[places] / len(counts)
        axes.bar(places, share, 1.0, color=ACCENT, alpha=0.7, label=f"{len(counts):,} batches")
        law = stats.binom(units, keep)
        axes.plot(places, law.pmf(places), color=WARM, label=f"binomial({units}, {keep:g})")
        title = f"of {units} units a batch keeps {counts.mean():.1f} ± {counts.std():.1f}"
        axes.set(title=title, xlabel="units kept", ylabel="share of batches")
        axes.legend()
    return figure


def weight_updates_figure(
    table: pd.DataFrame, moved: Mapping[str, Array], *, drop: float
) -> Figure:
    """Share of weights moved so far, batch by batch, against 1 − pⁿ; and how far dropped units'
    weights move.

    Args:
        table: A row for each optimizer and kind of mask.
        moved: For each optimizer, share of weights moved at least once after each batch.
        drop: p.
    """
    one = table[table["mask"] == "batch"]
    with house_style():
        figure = Figure(figsize=(8.6, 3.2))
        left, right = figure.subplots(1, 2)
        batches = np.arange(1, len(next(iter(moved.values()))) + 1)
        left.plot(batches, 1 - drop**batches, color=INK, linewidth=5, alpha=0.2, label="1 − pⁿ")
        lines = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
        for (name, share), line in zip(moved.items(), lines, strict=True):
            left.plot(batches, share, linestyle=line, label=name)
        left.set(xlabel="batches, one mask each", title="share of weights moved so far")
        left.set_xlim(0.8, min(12, len(batches)))
        left.set_ylim(0, 1.03)
        left.legend(fontsize=7, ncols=2)
        places = np.arange(len(one))
        ratio = one["dropped_over_active"].to_numpy()
        right.barh(places, ratio, color=[ACCENT if value > 0 else QUIET for value in ratio])
        for place, value in zip(places, ratio, strict=True):
            right.text(value, place, f" {value:.2f}", va="center", size=8)
        right.set_yticks(places, one["optimizer"])
        right.invert_yaxis()
        right.set_xlim(0, max(1.0, 1.15 * ratio.max()))
        right.set_title("step of a dropped unit's weights,\nas a share of a kept one's")
        right.grid(axis="y", visible=False)
    return figure


def weight_updates_animation(steps: Mapping[str, Array], *, frames: int) -> Animation:
    """The post's animation: for every optimizer which weights move in this batch, how strongly, and
    in how many batches so far.

    Args:
        steps: For each optimizer |change| of every weight, (batches, units, classes).
        frames: How many batches are shown.
    """
    pictures = [_weight_updates_frame(steps, batch) for batch in range(frames)]
    return Animation(np.stack(pictures), SECONDS)


def _weight_updates_frame(steps: Mapping[str, Array], batch: int) -> Array:
    with house_style():
        figure = Figure(figsize=(1.35 * len(steps) + 0.6, 5.4), dpi=80)
        set_title(figure, f"batch {batch + 1}")
        panels = figure.subplots(3, len(steps))
        for column, (name, change) in enumerate(steps.items()):
            so_far = (change[: batch + 1] > 0).sum(axis=0)
            shown = (
                (change[batch] > 0, 1.0, "Greys"),
                (change[batch] / np.quantile(change, 0.99), 1.0, "magma_r"),
                (so_far, float(len(change)), "viridis"),
            )
            for row, (values, top, colours) in enumerate(shown):
                axes = panels[row, column]
                axes.imshow(values, cmap=colours, vmin=0, vmax=top, aspect="auto")
                axes.set_xticks([])
                axes.set_yticks([])
                axes.grid(visible=False)
            panels[0, column].set_title(name, size=8)
        for row, label in enumerate(("moved", "how strongly", "how often so far")):
            panels[row, 0].set_ylabel(label, size=8)
        return rasterize(figure)


def averages_figure(averages: Mapping[str, Array], labels: Array, *, units: int) -> Figure:
    """The scaled network against the exact averages over all thinned ones, probability by
    probability.
    """
    scaled = averages["scaled"]
    with house_style():
        figure = Figure(figsize=(7.4, 3.3))
        panels = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes, kind in zip(panels, ("arithmetic", "geometric"), strict=True):
            other = averages[kind]
            axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8)
            axes.plot(scaled.ravel(), other.ravel(), ".", color=ACCENT, markersize=2, alpha=0.4)
            apart = np.abs(scaled - other)
            wrong = (other.argmax(axis=1) != labels).mean()
            axes.set_title(f"{kind} mean of $2^{{{units}}}$: error {100 * wrong:.1f} %", size=9)
            text = f"mean difference {apart.mean():.2g}\nlargest {apart.max():.2g}"
            axes.text(0.03, 0.97, text, transform=axes.transAxes, va="top", size=8)
            axes.set_xlabel("the scaled network's probability")
    return figure


def rejection_figure(curves: Mapping[str, Array], *, title: str) -> Figure:
    """Error among the answers that are kept when the least confident are refused."""
    with house_style():
        figure = Figure(figsize=(6.0, 3.0))
        axes = figure.subplots()
        for (name, errors), colour in zip(curves.items(), (QUIET, ACCENT, WARM), strict=True):
            kept = np.arange(1, len(errors) + 1) / len(errors)
            axes.plot(kept, errors, color=colour, label=name)
        axes.set(title=title, xlabel="share of images answered", ylabel="error among them")
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.legend()
    return figure
