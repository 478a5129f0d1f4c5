"""Draws the answers of a study: budgets, arms aligned at their best rates, and chance."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.plotting import ACCENT, INK, WARM, hide_axes, house_style, set_title
from atelier.sweep.arms import arm_columns, is_rate_free
from atelier.sweep.chance import members_near_best
from atelier.sweep.figures import DROPOUT_COLOURS, OPTIMIZER_COLOURS
from atelier.sweep.summary import NAMES, arm_name

PANELS = 4
"""Panels beside each other."""


def budget_figure(budgets: pd.DataFrame, *, title: str) -> Figure:
    """Draws the expected test accuracy against the number of trainings.

    Args:
        budgets: The first table of :func:`atelier.sweep.compare_budgets`.
        title: Of the figure.

    Returns:
        A figure with a line and a 95 % band for each arm.
    """
    with house_style():
        figure, axes = _panel(title)
        for arm, rows in _arms(budgets):
            colour = _colour(arm)
            axes.fill_between(rows["k"], rows["low"], rows["high"], color=colour, alpha=0.1, lw=0)
            axes.plot(rows["k"], rows["test_accuracy"], **_line(arm))
        axes.set(xscale="log", xlabel="number of trainings k, each at a random rate")
        axes.set_xticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
        axes.set_xlim(1, budgets["k"].max())
        axes.set_ylabel("expected test accuracy of the one chosen")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", fontsize=8)
        return figure


def aligned_figure(curves: pd.DataFrame, best: pd.DataFrame, *, title: str) -> Figure:
    """Draws the accuracy of all arms against the rate relative to each arm's best.

    Args:
        curves: From :func:`atelier.sweep.accuracy_curves`.
        best: From :func:`atelier.sweep.best_learning_rates`.
        title: Of the figure.

    Returns:
        A figure with a line for each arm; all best rates lie at 1. An arm without a rate is a
        horizontal line.
    """
    columns = arm_columns(best)
    rates = best.set_index(columns)["best_rate"]
    with house_style():
        figure, axes = _panel(title)
        axes.axvline(1, color=INK, lw=0.8, ls=":")
        for arm, rows in _arms(curves):
            relative = rows["learning_rate"] / rates[tuple(arm[name] for name in columns)]
            if is_rate_free(arm["optimizer"]):
                axes.axhline(rows["test_accuracy"].iloc[0], **_line(arm))
            else:
                axes.plot(relative, rows["test_accuracy"], **_line(arm))
        axes.set(xscale="log", xlabel="learning rate / best rate of the arm", ylim=(0, None))
        axes.set_ylabel("test accuracy")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right center", fontsize=8)
        return figure


def chance_figure(
    table: pd.DataFrame, best: pd.DataFrame, chance: pd.DataFrame, *, title: str
) -> Figure:
    """Draws the distribution of each arm's accuracy over trainings, and that of the law.

    Args:
        table: A row per member.
        best: From :func:`atelier.sweep.best_learning_rates`.
        chance: From :func:`atelier.sweep.chance_at_best`, at least one row.
        title: Of the whole figure.

    Returns:
        A figure with a panel for each arm: a histogram of the accuracies, the normal curve of
        independent errors, and that of the observed standard deviation.
    """
    columns = min(PANELS, len(chance))
    lines = -(-len(chance) // columns)
    names = arm_columns(table)
    near = {
        tuple(arm[n] for n in names): rows for arm, rows in _arms(members_near_best(table, best))
    }
    with house_style():
        figure = Figure(figsize=(2.9 * columns + 0.4, 2.4 * lines + 0.7))
        set_title(figure, title)
        panels = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes, row in zip(panels, _records(chance), strict=False):
            _draw_spread(axes, near[tuple(row[name] for name in names)]["test_accuracy"], row)
        for axes in panels[len(chance) :]:
            hide_axes(axes)
        figure.supxlabel("test accuracy", size=9)
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="upper right", ncols=2, fontsize=8
        )
    return figure


def interaction_figure(interaction: pd.DataFrame, *, title: str) -> Figure:
    """Draws best rate and tolerated range against the batch size, a column for each optimizer.

    Args:
        interaction: From :func:`atelier.sweep.rate_interaction`.
        title: Of the whole figure.

    Returns:
        A figure with a line for each dropout rate; bars are the rates that are as good as the
        best, and 95 % intervals of the range that loses at most five points.
    """
    optimizers = list(interaction["optimizer"].unique())
    sizes = sorted(interaction["batch_size"].unique())
    with house_style():
        figure = Figure(figsize=(3.6 * len(optimizers) + 0.8, 5.6))
        set_title(figure, title)
        panels = figure.subplots(2, len(optimizers), sharex=True, sharey="row", squeeze=False)
        for (upper, lower), optimizer in zip(panels.T, optimizers, strict=True):
            arms = list(interaction[interaction["optimizer"] == optimizer].groupby("dropout"))
            for index, (dropout, rows) in enumerate(arms):
                shift = 1.06 ** (index - (len(arms) - 1) / 2)  # so that the bars lie apart
                colour = DROPOUT_COLOURS[index % len(DROPOUT_COLOURS)]
                style = {"color": colour, "marker": "o", "ms": 4, "capsize": 2}
                x = rows["batch_size"] * shift
                label = f"dropout {dropout:g}" if dropout else "no dropout"
                rates = rows[["best_rate", "as_good_low", "as_good_high"]]
                upper.errorbar(x, rates.iloc[:, 0], _bars(rates), label=label, **style)
                ranges = rows[["area_5", "area_5_low", "area_5_high"]]
                lower.errorbar(x, ranges.iloc[:, 0], _bars(ranges), **style)
            upper.set(title=NAMES.get(optimizer, optimizer), xscale="log", yscale="log")
            lower.set(xlabel="batch size", ylim=(0, None))
            lower.set_xticks(sizes, [f"{size:g}" for size in sizes])
            lower.minorticks_off()
        panels[0, 0].set_ylabel("best learning rate")
        panels[1, 0].set_ylabel("range within 5 points (decades)")
        handles = panels[0, 0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower center", ncols=len(handles[1]), fontsize=8)
        return figure


def _bars(values: pd.DataFrame) -> Any:
    """Returns the lengths of the bars below and above the values, (2, n)."""
    value, low, high = values.to_numpy().T
    return np.stack([value - low, high - value]).clip(0)


def _draw_spread(axes: Axes, accuracy: pd.Series, row: Mapping[str, Any]) -> None:
    reach = 4 * max(row["observed"], row["independent"])
    grid = np.linspace(row["accuracy"] - reach, row["accuracy"] + reach, 201)
    axes.hist(accuracy, bins="auto", density=True, color="#cbd2d9")
    for name, colour, label in (
        ("independent", ACCENT, "independent errors"),
        ("observed", WARM, "normal, as observed"),
    ):
        scale = row[name]
        density = (
            np.exp(-(((grid - row["accuracy"]) / scale) ** 2) / 2) / scale / np.sqrt(2 * np.pi)
        )
        axes.plot(grid, density, color=colour, label=label)
    axes.set_title(arm_name(row), size=9)
    text = f"{row['observed'] * 100:.2f} points\nlaw {row['independent'] * 100:.2f}"
    axes.text(
        0.02, 0.97, f"{text}\nn = {row['trainings']}", transform=axes.transAxes, va="top", size=7
    )
    axes.set_yticks([])


def _panel(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.4, 4.4))
    set_title(figure, title)
    return figure, figure.subplots()


def _arms(table: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Yields the columns of each arm, and its rows."""
    columns = arm_columns(table)
    for group, rows in table.groupby(columns, sort=False):
        yield dict(zip(columns, group, strict=True)), rows


def _colour(arm: Mapping[str, Any]) -> str:
    return OPTIMIZER_COLOURS.get(arm["optimizer"], INK)


def _line(arm: Mapping[str, Any]) -> dict[str, Any]:
    style = "--" if arm["dropout"] else "-"
    return {"color": _colour(arm), "ls": style, "label": arm_name(arm)}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]
