"""Figures of style transfer."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.plotting import house_style, set_title
from atelier.types import Array

STYLE_LAYERS = "conv"


def paintings_figure(
    content: Array,
    paintings: Mapping[str, Array],
    styles: Mapping[str, Mapping[str, Array]],
    *,
    title: str,
) -> Figure:
    """A row a painting: the content, the painting, what it was painted in.

    Args:
        content: RGB, (height, width, 3), 0 … 255.
        paintings: RGB, uint8, by name.
        styles: For every painting, its styles by their label.
        title: Above all.
    """
    with house_style():
        columns = 2 + max(len(parts) for parts in styles.values())
        figure = Figure(figsize=(3.1 * columns, 2.5 * len(paintings) + 0.5))
        set_title(figure, title)
        panels = figure.subplots(len(paintings), columns, squeeze=False)
        for row, (name, painting) in zip(panels, paintings.items(), strict=True):
            shown = [("content", content), (name, painting), *styles[name].items()]
            for panel, (label, picture) in zip(row, shown, strict=False):
                panel.imshow(np.clip(picture, 0, 255).astype(np.uint8))
                panel.set_title(label, size=9, weight="normal")
        for panel in panels.ravel():
            panel.set_axis_off()
        return figure


def losses_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """The weighted loss of every layer over the iterations, a panel a painting.

    Args:
        table: Columns ``painting, iteration, side, content``, the style layers, ``variation``.
        title: Above all.
    """
    with house_style():
        names = list(dict.fromkeys(table["painting"]))
        figure = Figure(figsize=(4.6 * len(names) + 1.4, 3.4))
        set_title(figure, title)
        panels = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
        terms = [
            str(one) for one in table if one not in {"painting", "iteration", "side", "seconds"}
        ]
        for panel, name in zip(panels, names, strict=True):
            rows = table[table["painting"] == name]
            for term in terms:
                if rows[term].max() <= 0:
                    continue
                quiet = not term.startswith(STYLE_LAYERS)
                panel.plot(
                    rows["iteration"],
                    rows[term].where(rows[term] > 0),
                    label=term,
                    linestyle="--" if quiet else "-",
                    linewidth=1.3,
                )
            for place in rows["iteration"][rows["side"].diff() > 0]:
                panel.axvline(place, color="#9aa5b1", linewidth=0.8, linestyle=":")
            panel.set(yscale="log", xlabel="iteration", title=name)
        panels[0].set_ylabel("weighted loss")
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside right center", fontsize=8
        )
        return figure


def style_grid_figure(
    pictures: Mapping[tuple[str, float], Array],
    starts: Sequence[str],
    ratios: Sequence[float],
    *,
    title: str,
) -> Figure:
    """Rows: where the painting started. Columns: how much more the style counts.

    Args:
        pictures: RGB, uint8, by start and ratio.
        starts: Of the rows.
        ratios: β/α of the columns.
        title: Above all.
    """
    with house_style():
        figure = Figure(figsize=(2.5 * len(ratios) + 0.5, 1.9 * len(starts) + 0.6))
        set_title(figure, title)
        panels = figure.subplots(len(starts), len(ratios), squeeze=False)
        for row, start in zip(panels, starts, strict=True):
            for panel, ratio in zip(row, ratios, strict=True):
                panel.imshow(pictures[start, ratio])
                panel.set(xticks=[], yticks=[])
                panel.spines[:].set_visible(False)
            row[0].set_ylabel(f"from {start}", size=9)
        for panel, ratio in zip(panels[0], ratios, strict=True):
            panel.set_title(f"β/α = {ratio:,.10g}", size=9, weight="normal")
        return figure
