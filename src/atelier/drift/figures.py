"""Figures of new images against a reference."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.drift.detection import CONTINUOUS, ImageStatistics
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title


def batch_figure(
    reference: ImageStatistics, batch: ImageStatistics, table: pd.DataFrame, *, title: str
) -> Figure:
    """The distribution of every statistic in both samples, with what the tests say.

    Args:
        reference: Ordinary images.
        batch: The new ones.
        table: From :func:`atelier.drift.detection.two_sample_tests`.
        title: Above all.
    """
    with house_style():
        figure = Figure(figsize=(14.5, 3.0))
        set_title(figure, title)
        panels = figure.subplots(1, len(CONTINUOUS) + 2)
        told = table.set_index("statistic")
        for panel, name in zip(panels, CONTINUOUS, strict=False):
            for seen, colour, label in ((reference, QUIET, "reference"), (batch, None, "batch")):
                values = np.sort(getattr(seen, name))
                heights = np.arange(1, len(values) + 1) / len(values)
                shade = colour or (WARM if told.loc[name, "drifted"] else ACCENT)
                panel.step(values, heights, color=shade, label=label, where="post")
            panel.set_xlabel(name.replace("_", " "))
        low = float(np.quantile(np.concatenate([reference.log_density, batch.log_density]), 0.01))
        panels[0].set_xlim(left=low)
        panels[0].set_ylabel("share of images below")
        panels[0].legend(loc="upper left", fontsize=7)
        for place, seen in enumerate((reference, batch)):
            shade = WARM if told.loc["rare", "drifted"] else ACCENT
            panels[-2].bar(place, seen.rare.mean(), color=QUIET if place == 0 else shade, width=0.6)
        panels[-2].set(xticks=(0, 1), xticklabels=("reference", "batch"), xlabel="share of rare")
        classes = np.arange(int(max(reference.predicted.max(), batch.predicted.max())) + 1)
        for seen, colour, side in ((reference, QUIET, -0.2), (batch, None, 0.2)):
            shares = [(seen.predicted == one).mean() for one in classes]
            shade = colour or (WARM if told.loc["predicted", "drifted"] else ACCENT)
            panels[-1].bar(classes + side, shares, width=0.4, color=shade)
        panels[-1].set_xlabel("predicted class")
        for panel, name in zip(panels, told.index, strict=True):
            row = told.loc[name]
            verdict = "drifted" if row["drifted"] else "alike"
            panel.set_title(f"{verdict}: adjusted p = {row['adjusted']:.2g}", size=8)
        return figure


def power_figure(table: pd.DataFrame, *, alpha: float, title: str) -> Figure:
    """Share of batches that raise the flag by change and level, 95 % intervals.

    Args:
        table: From :func:`atelier.drift.detection.power_table`.
        alpha: The accepted share of false alarms.
        title: Above all.
    """
    with house_style():
        figure = Figure(figsize=(7.0, 0.3 * len(table) + 1.2))
        panel = figure.subplots()
        places = np.arange(len(table))
        errors = np.abs(table[["low", "high"]].to_numpy().T - table["share"].to_numpy())
        honest = (table["change"] == "none").to_numpy()
        panel.barh(places, table["share"], color=np.where(honest, QUIET, ACCENT), height=0.7)
        panel.errorbar(
            table["share"], places, xerr=errors, fmt="none", ecolor=INK, elinewidth=1, capsize=2
        )
        panel.axvline(alpha, color=WARM, linewidth=1, linestyle=":")
        labels = [
            "no change" if change == "none" else f"{change} {level:g}"
            for change, level in zip(table["change"], table["level"], strict=True)
        ]
        panel.set(yticks=places, yticklabels=labels, xlim=(0, 1.02), title=title)
        panel.set_xlabel(f"share of batches flagged; dotted: accepted false alarms, {alpha:g}")
        panel.invert_yaxis()
        return figure
