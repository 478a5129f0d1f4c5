"""Figures of new images against a reference."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.drift.detection import CONTINUOUS, ImageStatistics
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title


def batch_figure(
    reference: ImageStatistics, batch: ImageStatistics, table: pd.DataFrame, *, title: str
) -> Figure:
    """Draws the distribution of every statistic in both samples, with the results of the tests.

    Args:
        reference: Of in-distribution images.
        batch: Of the new images.
        table: From :func:`atelier.drift.detection.two_sample_tests`.
        title: Title of the figure.

    Returns:
        The figure, a panel for each statistic; red is drifted.
    """
    with house_style():
        figure = Figure(figsize=(14.5, 3.0))
        set_title(figure, title)
        panels = figure.subplots(1, len(CONTINUOUS) + 2)
        tests: Any = table.set_index("statistic")
        for panel, name in zip(panels, CONTINUOUS, strict=False):
            values = getattr(reference, name), getattr(batch, name)
            _draw_distributions(panel, values, _colours(tests, name))
            panel.set_xlabel(name.replace("_", " "))
        low = float(np.quantile(np.concatenate([reference.log_density, batch.log_density]), 0.01))
        panels[0].set_xlim(left=low)
        panels[0].set_ylabel("share of images below")
        panels[0].legend(loc="upper left", fontsize=7)
        shares = reference.rare.mean(), batch.rare.mean()
        panels[-2].bar((0, 1), shares, color=_colours(tests, "rare"), width=0.6)
        panels[-2].set(xticks=(0, 1), xticklabels=("reference", "batch"), xlabel="share of rare")
        predicted = reference.predicted, batch.predicted
        _draw_classes(panels[-1], predicted, _colours(tests, "predicted"))
        for panel, name in zip(panels, tests.index, strict=True):
            row = tests.loc[name]
            verdict = "drifted" if row["drifted"] else "no drift"
            panel.set_title(f"{verdict}: adjusted p = {row['adjusted']:.2g}", size=8)
        return figure


def _colours(tests: Any, name: str) -> tuple[str, str]:
    """Returns the colours of the reference and of the batch in a statistic's panel."""
    return QUIET, WARM if tests.loc[name, "drifted"] else ACCENT


def _draw_distributions(panel: Axes, samples: tuple[Any, Any], colours: tuple[str, str]) -> None:
    """Draws the empirical distribution function of both samples."""
    for sample, colour, label in zip(samples, colours, ("reference", "batch"), strict=True):
        heights = np.arange(1, len(sample) + 1) / len(sample)
        panel.step(np.sort(sample), heights, color=colour, label=label, where="post")


def _draw_classes(panel: Axes, samples: tuple[Any, Any], colours: tuple[str, str]) -> None:
    """Draws the share of each predicted class in both samples."""
    classes = np.arange(int(max(sample.max() for sample in samples)) + 1)
    for sample, colour, side in zip(samples, colours, (-0.2, 0.2), strict=True):
        shares = [(sample == label).mean() for label in classes]
        panel.bar(classes + side, shares, width=0.4, color=colour)
    panel.set_xlabel("predicted class")


def power_figure(table: pd.DataFrame, *, alpha: float, title: str) -> Figure:
    """Draws the share of batches that are flagged by change and level, with 95 % intervals.

    Args:
        table: From :func:`atelier.drift.detection.power_table`.
        alpha: Accepted probability of a false alarm.
        title: Title of the figure.

    Returns:
        The figure, a bar for each change and level.
    """
    with house_style():
        figure = Figure(figsize=(7.0, 0.3 * len(table) + 1.2))
        panel = figure.subplots()
        positions, rate = np.arange(len(table)), table["alarm_rate"]
        limits = table[["alarm_rate_low", "alarm_rate_high"]].to_numpy().T
        unchanged = (table["change"] == "none").to_numpy()
        panel.barh(positions, rate, color=np.where(unchanged, QUIET, ACCENT), height=0.7)
        panel.errorbar(
            rate, positions, xerr=np.abs(limits - rate.to_numpy()), fmt="none", ecolor=INK,
            elinewidth=1, capsize=2,
        )  # fmt: skip
        panel.axvline(alpha, color=WARM, linewidth=1, linestyle=":")
        labels = [
            "no change" if change == "none" else f"{change} {level:g}"
            for change, level in zip(table["change"], table["level"], strict=True)
        ]
        panel.set(yticks=positions, yticklabels=labels, xlim=(0, 1.02), title=title)
        panel.set_xlabel(f"share of batches flagged; dotted: accepted false alarms, {alpha:g}")
        panel.invert_yaxis()
        return figure
