"""Figures of the pictures that a network wants."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.plots.style import ACCENT, INK, QUIET, WARM, look, photograph
from atelier.types import Array, Images

START_COLOURS = (ACCENT, "#4c956c", "#e9a23b", WARM)


def _bare(panel: Axes, picture: Array, *, symmetric: bool = False) -> None:
    """A grey picture between its extremes, or red and blue about 0, without axes."""
    most = float(np.abs(picture).max()) or 1.0
    limits = {"cmap": "RdBu_r", "vmin": -most, "vmax": most} if symmetric else {"cmap": "gray"}
    panel.imshow(picture, **limits)
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)


def rows_figure(
    rows: Mapping[str, Array],
    notes: Mapping[str, Sequence[str]],
    columns: Sequence[str],
    *,
    title: str,
) -> Figure:
    """A labelled row of grey pictures for each entry.

    Args:
        rows: (columns, height, width) each.
        notes: Under the pictures of a row, where it has any.
        columns: Their headings.
        title: Above all.
    """
    with look():
        figure = Figure(figsize=(0.92 * len(columns) + 1.1, 1.12 * len(rows) + 0.5))
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10)
        panels = figure.subplots(len(rows), len(columns), squeeze=False)
        for line, (name, pictures) in zip(panels, rows.items(), strict=True):
            for panel, picture in zip(line, pictures, strict=True):
                _bare(panel, picture)
            for panel, note in zip(line, notes.get(name, ()), strict=False):
                panel.set_xlabel(note, size=7, labelpad=2)
            line[0].set_ylabel(name, size=8, rotation=0, ha="right", va="center")
        for panel, heading in zip(panels[0], columns, strict=True):
            panel.set_title(heading, size=9, loc="center")
        return figure


def doubts_figure(doubts: Mapping[str, Array], *, title: str) -> Figure:
    """1 - confidence over the iterations for every start: the classes' median, least and most.

    Args:
        doubts: (steps + 1, classes) by start.
        title: Above all.
    """
    with look():
        figure = Figure(figsize=(6.2, 3.4))
        panel = figure.subplots()
        for (name, values), colour in zip(doubts.items(), START_COLOURS, strict=False):
            shown = np.maximum(values, 1e-16)
            steps = np.arange(len(values))
            panel.plot(steps, np.median(shown, axis=1), color=colour, label=name, marker=".")
            panel.fill_between(steps, shown.min(axis=1), shown.max(axis=1), color=colour, alpha=0.1)
        panel.axhline(1e-4, color=INK, linewidth=0.8, linestyle=":")
        panel.annotate(
            "the post's .9999", (0, 1e-4), xytext=(2, 3), textcoords="offset points", size=8
        )
        panel.set(yscale="log", xlabel="iteration", ylabel="1 − confidence", title=title)
        panel.legend(title="start")
        return figure


def change_figure(panels_of: Mapping[str, tuple[Array, str]], *, title: str) -> Figure:
    """One picture's way: its states in grey, what changed in red and blue.

    Args:
        panels_of: By heading: (height, width), and a note; a heading that has "difference" in it is
            drawn about 0.
        title: Above all.
    """
    with look():
        figure = Figure(figsize=(1.9 * len(panels_of), 2.6))
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10)
        panels = figure.subplots(1, len(panels_of), squeeze=False)[0]
        for panel, (name, (picture, note)) in zip(panels, panels_of.items(), strict=True):
            _bare(panel, picture, symmetric="difference" in name)
            panel.set_title(name, size=9, weight="normal")
            panel.set_xlabel(note, size=8)
        return figure


def trust_figure(table: pd.DataFrame, ordinary: Array, *, title: str) -> Figure:
    """What the softmax says against what the density says, and how ordinary images lie.

    Args:
        table: Columns ``way``, ``confidence``, ``calibrated``, ``second_confidence``,
            ``log_density``.
        ordinary: Log densities of held-out real images.
        title: Above all.
    """
    with look():
        figure = Figure(figsize=(9.2, 3.6))
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10)
        said, known = figure.subplots(1, 2)
        ways = list(dict.fromkeys(table["way"]))
        means = table.groupby("way", sort=False)[
            ["confidence", "calibrated", "density_confidence", "second_confidence"]
        ].mean()
        labels = ("softmax", "temperature", "density posterior", "second network")
        for offset, (column, label, colour) in enumerate(
            zip(means, labels, (ACCENT, "#81b29a", "#e9a23b", WARM), strict=True)
        ):
            places = np.arange(len(ways)) + 0.2 * (offset - 1.5)
            said.bar(places, means[column], width=0.18, color=colour, label=label)
        said.set(xticks=range(len(ways)), xticklabels=ways, ylim=(0, 1.02), title="Mean confidence")
        said.legend(fontsize=7, loc="lower right", frameon=True)
        lowest = float(np.quantile(ordinary, 0.001))
        known.hist(ordinary, bins=60, density=True, color=QUIET, label="real, held out")
        scale = known.get_ylim()[1]
        for place, way in enumerate(ways):
            values = table.loc[table["way"] == way, "log_density"]
            height = np.full(len(values), scale * (0.9 - 0.8 * place / max(len(ways) - 1, 1)))
            known.plot(
                values, height, "|", markersize=11, color=START_COLOURS[place % 4], label=way
            )
        known.set_xscale("symlog", linthresh=max(abs(lowest), 1.0))
        known.set(yticks=[], xlabel="log p(logits)", title="Log density")
        known.legend(fontsize=7, loc="upper left", frameon=True)
        return figure


def layers_figure(layers: Mapping[str, Array], *, title: str) -> Figure:
    """What single units want, a row a layer.

    Args:
        layers: (units, height, width) each.
        title: Above all.
    """
    columns = [str(unit) for unit in range(max(len(one) for one in layers.values()))]
    return rows_figure(layers, {}, columns, title=title)


def film(frames: Array) -> Images:
    """Pictures side by side on the way, (pictures, height, width, 3) uint8.

    Args:
        frames: (pictures, n, height, width), in [0, 1].
    """
    shown = []
    with look():
        for number, pictures in enumerate(frames):
            figure = Figure(figsize=(0.8 * len(pictures), 1.1), dpi=100)
            figure.suptitle(f"{number} of {len(frames) - 1}", x=0.01, ha="left", size=8)
            for panel, picture in zip(figure.subplots(1, len(pictures)), pictures, strict=True):
                panel.imshow(picture, cmap="gray", vmin=0, vmax=1)
                panel.set_axis_off()
            shown.append(photograph(figure))
    return np.stack(shown)
