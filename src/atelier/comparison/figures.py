"""Differences of two runs with their paired intervals."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from atelier.comparison.formatting import format_difference, format_limits
from atelier.plotting import ACCENT, INK, QUIET, house_style, set_title

ROW = 0.55
"""Height of a metric in inches."""


def differences_figure(metrics: pd.DataFrame, *, title: str, most: int = 24) -> Figure:
    """Draws the difference of each metric with its paired interval, each on its own scale.

    Args:
        metrics: Rows of :func:`atelier.comparison.compare_metrics`, with ``experiment`` and
            ``label``; rows without a paired interval are left out.
        title: Title of the figure.
        most: Most metrics that are drawn, those whose interval is farthest from 0 first.

    Returns:
        The figure: a line for each metric, blue where its interval excludes 0.
    """
    rows = _most_distinct(metrics.dropna(subset=["low", "high"]), most)
    with house_style():
        figure = Figure(figsize=(9.5, 1.2 + ROW * max(len(rows), 1)))
        set_title(figure, title)
        axes = figure.subplots()
        axes.axvline(0, color=INK, lw=0.8)
        for y, row in enumerate(rows):
            _draw_row(axes, y, row)
        axes.set(xlim=(-1.1, 1.1), ylim=(max(len(rows), 1) - 0.4, -0.6), xticks=())
        axes.set_yticks(range(len(rows)), [_row_name(row, metrics) for row in rows])
        axes.set_xlabel("lower than the baseline  ←  0  →  higher; each metric on its own scale")
        if not rows:
            axes.text(0, 0, "no metric has a paired interval", ha="center", va="center")
        return figure


def _most_distinct(rows: pd.DataFrame, most: int) -> list[dict[str, Any]]:
    width = (rows["high"] - rows["low"]).replace(0, 1)
    order = (rows["difference"].abs() / width).sort_values(ascending=False, kind="stable").index
    shown = rows.loc[sorted(order[:most])]
    return [{str(key): value for key, value in row.items()} for row in shown.to_dict("records")]


def _row_name(row: dict[str, Any], metrics: pd.DataFrame) -> str:
    names = [row["metric"]]
    if len(metrics["label"].unique()) > 1:
        names.append(f"run {row['label']}")
    if len(metrics["experiment"].unique()) > 1:
        names.insert(0, row["experiment"])
    return " · ".join(names)


def _draw_row(axes: Any, y: int, row: dict[str, Any]) -> None:
    reach = max(abs(row["low"]), abs(row["high"]), abs(row["difference"])) or 1.0
    colour = ACCENT if row["low"] > 0 or row["high"] < 0 else QUIET
    axes.plot([row["low"] / reach, row["high"] / reach], [y, y], color=colour, lw=3)
    axes.plot(row["difference"] / reach, y, "o", color=colour, ms=8)
    limits = format_limits(row["low"], row["high"], signed=True)
    text = f"{format_difference(row['difference'])}  ({limits}), n = {row['n']:,.0f}"
    axes.text(1.15, y, text, va="center", size=8, clip_on=False)
