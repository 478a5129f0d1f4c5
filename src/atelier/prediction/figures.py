"""The contact sheet of predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.plotting import INK, WARM, displayed, hide_axes, house_style, set_title, shorten
from atelier.prediction.selection import KINDS
from atelier.types import Images

ACROSS = 6


def prediction_sheet_figure(selected: pd.DataFrame, images: Images, *, title: str) -> Figure:
    """Draws the surest, the least sure and the rejected pictures, each with its label.

    Args:
        selected: ``kind``, ``label``, ``probability`` of each picture.
        images: (n, height, width, channels) uint8, in the same order.
        title: Title of the figure.

    Returns:
        The figure.
    """
    kinds = [kind for kind in KINDS if (selected["kind"] == kind).any()]
    rows = {kind: -(-int((selected["kind"] == kind).sum()) // ACROSS) for kind in kinds}
    heights = [1.25 * rows[kind] + 0.35 for kind in kinds] or [1.0]
    with house_style():
        figure = Figure(figsize=(1.1 * ACROSS, sum(heights) + 0.4))
        set_title(figure, title)
        blocks = figure.subfigures(max(1, len(kinds)), 1, squeeze=False, height_ratios=heights)[
            :, 0
        ]
        for kind, block in zip(kinds, blocks, strict=False):
            _draw_kind(block, selected, images, kind, rows[kind])
    return figure


def _draw_kind(block: object, selected: pd.DataFrame, images: Images, kind: str, rows: int) -> None:
    block.suptitle(kind, x=0.01, ha="left", size=9, weight="bold", color=INK)  # type: ignore[attr-defined]
    places = np.flatnonzero(selected["kind"] == kind)
    grid = block.subplots(rows, ACROSS, squeeze=False).flat  # type: ignore[attr-defined]
    for axes in grid:
        hide_axes(axes)
    for axes, index in zip(block.axes, places, strict=False):  # type: ignore[attr-defined]
        row = selected.iloc[index]
        axes.imshow(displayed(images[index]), cmap="gray", vmin=0, vmax=255)
        text = f"{shorten(str(row['label']), longest=9)} · {_percent(row['probability'])}"
        colour = WARM if kind == "rejected" else INK
        axes.set_title(text, loc="center", size=7, weight="normal", color=colour)


def _percent(probability: float) -> str:
    """Returns a probability in percent, without rounding it up to 100.

    Examples:
        >>> _percent(0.5), _percent(0.99999)
        ('50.0 %', '> 99.9 %')
    """
    return "> 99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"
