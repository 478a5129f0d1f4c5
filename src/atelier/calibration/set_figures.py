"""Figure of prediction sets: coverage, sizes, and sizes of difficult samples."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter, StrMethodFormatter

from atelier.calibration.set_study import LAST_RANK
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title

NAMES = {
    "lac": "LAC",
    "lac_by_class": "LAC by class",
    "aps": "APS",
    "aps_randomized": "APS, randomised",
    "raps": "RAPS",
}
COLOURS = dict(zip(NAMES, (ACCENT, "#81b29a", WARM, "#e9a23b", "#9d79bc"), strict=True))
SPREAD = 0.13
"""Distance of two methods beside each other, in units of the axis."""


def set_figure(table: pd.DataFrame, ranks: pd.DataFrame, *, level: float, title: str) -> Figure:
    """Draws coverage and size of the sets of each method.

    Args:
        table: The first of :func:`atelier.calibration.set_study.set_tables`.
        ranks: The second of them.
        level: The level at which difficult samples are shown; the nearest one of the table.
        title: Title of the figure.

    Returns:
        The figure: coverage at each level with the law's range, mean size at each level, coverage
        of the worst class, and size by the rank of the label.
    """
    levels = sorted(table["level"].unique())
    shown = min(levels, key=lambda value: abs(value - level))
    with house_style():
        figure = Figure(figsize=(9.4, 5.4))
        set_title(figure, title)
        (first, second), (third, fourth) = figure.subplots(2, 2)
        _draw_coverage(first, table, levels)
        _draw_by_level(second, table, levels, "mean_size")
        second.set(title="Mean size", ylabel="classes in a set", yscale="log")
        second.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        second.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        second.yaxis.set_minor_formatter(NullFormatter())
        second.axhline(1, color=QUIET, linestyle="--", linewidth=0.9)
        _draw_by_level(third, table, levels, "worst_coverage")
        third.plot(range(len(levels)), levels, "_", color=INK, markersize=40, label="level")
        third.set(title="Coverage of the worst class", ylim=(None, 1.01))
        third.yaxis.set_major_formatter(PercentFormatter(1))
        _draw_ranks(fourth, ranks[ranks["level"] == shown])
        fourth.set_title(f"Size against difficulty at {shown:.4g}")
        handles, labels = first.get_legend_handles_labels()
        figure.legend(handles, labels, ncols=6, loc="outside lower left")
    return figure


def _positions(count: int, index: int) -> np.ndarray:
    return np.arange(count) + SPREAD * (index - (len(NAMES) - 1) / 2)


def _level_axis(axes: Axes, levels: list[float]) -> None:
    axes.set_xticks(range(len(levels)), [f"{level:.4g}" for level in levels])
    axes.set_xlim(-0.6, len(levels) - 0.4)
    axes.set_xlabel("level")


def _draw_coverage(axes: Axes, table: pd.DataFrame, levels: list[float]) -> None:
    """Draws the coverage less the level, with its interval, over the range of the law."""
    for index, name in enumerate(NAMES):
        rows = table[table["method"] == name].sort_values("level")
        off = rows[["coverage", "coverage_low", "coverage_high"]].sub(rows["level"], axis=0)
        reach = np.abs(off.to_numpy()[:, 1:].T - off["coverage"].to_numpy())
        axes.errorbar(
            _positions(len(rows), index), off["coverage"], reach,
            fmt="o", color=COLOURS[name], label=NAMES[name], markersize=4, linewidth=1,
        )  # fmt: skip
    law = table[table["method"] == "lac"].sort_values("level")
    label = "95 % of draws by the law"
    for position, row in enumerate(law.to_dict("records")):
        low, high = (row[f"expected_{end}"] - row["level"] for end in ("low", "high"))
        axes.fill_between(
            [position - 0.45, position + 0.45], low, high,
            color=QUIET, alpha=0.35, linewidth=0, zorder=0, label=label if not position else None,
        )  # fmt: skip
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set(title="Coverage less the level")
    _level_axis(axes, levels)


def _draw_by_level(axes: Axes, table: pd.DataFrame, levels: list[float], column: str) -> None:
    for index, name in enumerate(NAMES):
        rows = table[table["method"] == name].sort_values("level")
        axes.plot(_positions(len(rows), index), rows[column], "o", color=COLOURS[name], ms=4)
    _level_axis(axes, levels)


def _draw_ranks(axes: Axes, ranks: pd.DataFrame) -> None:
    for name in NAMES:
        rows = ranks[ranks["method"] == name]
        axes.plot(rows["rank"], rows["mean_size"], "o-", color=COLOURS[name], markersize=4)
    counts = ranks.drop_duplicates("rank").set_index("rank")["n"].sort_index()
    labels = [
        f"{'≥ ' if rank == LAST_RANK else ''}{rank}\nn = {count:,}"
        for rank, count in counts.items()
    ]
    axes.set_xticks(counts.index.to_list(), labels)
    axes.set(xlabel="rank of the label by its probability", ylabel="classes in a set")
