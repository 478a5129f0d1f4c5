"""Figures of the pictures that a network wants."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.plotting import ACCENT, INK, WARM, house_style, rasterize, set_title
from atelier.types import Array, Images

OPINIONS = {
    "confidence": ("softmax", ACCENT),
    "calibrated": ("temperature", "#81b29a"),
    "density_confidence": ("density's posterior", "#e9a23b"),
    "second_confidence": ("second network", WARM),
}
"""Column, label and colour of what is thought of a picture."""
START_COLOURS = (ACCENT, "#4c956c", "#e9a23b", WARM)


def _bare(panel: Axes, picture: Array, *, symmetric: bool = False) -> None:
    """A grey picture between its extremes, or red and blue about 0, without axes."""
    most = float(np.abs(picture).max()) or 1.0
    limits = {"cmap": "RdBu_r", "vmin": -most, "vmax": most} if symmetric else {"cmap": "gray"}
    panel.imshow(picture, **limits)
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)


def image_rows_figure(
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
    with house_style():
        figure = Figure(figsize=(0.92 * len(columns) + 1.1, 1.12 * len(rows) + 0.5))
        set_title(figure, title)
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


def error_probability_figure(doubts: Mapping[str, Array], *, title: str) -> Figure:
    """1 - confidence over the iterations for every start: the classes' median, least and most.

    Args:
        doubts: (steps + 1, classes) by start.
        title: Above all.
    """
    with house_style():
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
        panel.legend(title="start", loc="lower right", frameon=True)
        return figure


def difference_figure(panels_of: Mapping[str, tuple[Array, str]], *, title: str) -> Figure:
    """One picture's way: its states in grey, what changed in red and blue.

    Args:
        panels_of: By heading: (height, width), and a note; a heading that has "difference" in it is
            drawn about 0.
        title: Above all.
    """
    with house_style():
        figure = Figure(figsize=(1.9 * len(panels_of), 2.6))
        set_title(figure, title)
        panels = figure.subplots(1, len(panels_of), squeeze=False)[0]
        for panel, (name, (picture, note)) in zip(panels, panels_of.items(), strict=True):
            _bare(panel, picture, symmetric="difference" in name)
            panel.set_title(name, size=9, weight="normal")
            panel.set_xlabel(note, size=8)
        return figure


def confidence_figure(table: pd.DataFrame, ordinary: Array, *, title: str) -> Figure:
    """What the softmax says against what the density says, and how ordinary images lie.

    Args:
        table: Columns ``way``, ``confidence``, ``calibrated``, ``second_confidence``,
            ``log_density``.
        ordinary: Log densities of held-out real images.
        title: Above all.
    """
    with house_style():
        ways = list(dict.fromkeys(table["way"]))
        figure = Figure(figsize=(10.0, 0.42 * len(ways) + 1.6))
        set_title(figure, title)
        said, known = figure.subplots(1, 2, sharey=True)
        means = table.groupby("way", sort=False)[list(OPINIONS)].mean()
        places = np.arange(len(ways))
        for number, (column, (label, colour)) in enumerate(OPINIONS.items()):
            height = places + 0.2 * (number - 1.5)
            said.barh(height, means[column], height=0.18, color=colour, label=label)
        said.set(yticks=places, yticklabels=ways, xlim=(0, 1.02), title="Mean confidence")
        said.invert_yaxis()
        heights, edges = np.histogram(ordinary, bins=60)
        known.bar(
            edges[:-1], -heights / heights.max() * len(ways), np.diff(edges), len(ways) - 0.5,
            align="edge", color="#d9dee3", label="real, held out",
        )  # fmt: skip
        for place, way in enumerate(ways):
            values = table.loc[table["way"] == way, "log_density"]
            known.plot(values, np.full(len(values), place), "|", color=WARM, markersize=11)
        known.set_xscale("symlog", linthresh=max(abs(float(np.quantile(ordinary, 0.001))), 1.0))
        known.set(xlabel="log p(logits)", title="Log density; grey: real images, held out")
        figure.legend(*said.get_legend_handles_labels(), loc="outside lower left", ncols=4)
        return figure


def layer_units_figure(layers: Mapping[str, Array], *, title: str) -> Figure:
    """What single units want, a row a layer.

    Args:
        layers: (units, height, width) each.
        title: Above all.
    """
    columns = [str(unit) for unit in range(max(len(one) for one in layers.values()))]
    return image_rows_figure(layers, {}, columns, title=title)


def ascent_frames(frames: Array) -> Images:
    """Pictures side by side on the way, (pictures, height, width, 3) uint8.

    Args:
        frames: (pictures, n, height, width), in [0, 1].
    """
    shown = []
    with house_style():
        for number, pictures in enumerate(frames):
            figure = Figure(figsize=(0.8 * len(pictures), 1.1), dpi=100)
            figure.suptitle(f"{number} of {len(frames) - 1}", x=0.01, ha="left", size=8)
            for panel, picture in zip(figure.subplots(1, len(pictures)), pictures, strict=True):
                panel.imshow(picture, cmap="gray", vmin=0, vmax=1)
                panel.set_axis_off()
            shown.append(rasterize(figure))
    return np.stack(shown)
