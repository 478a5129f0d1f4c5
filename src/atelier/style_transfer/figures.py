"""Figures of style transfer."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.data.pictures import average_areas, longer_side_shape, to_rgb
from atelier.plotting import hide_axes, house_style, set_title
from atelier.style_transfer.params import GridParams, PaintingParams
from atelier.types import Array, Arrays

FIGURE_SIDE = 1024
"""Longer side of an image in a figure, pixels, at most."""
OTHER_TERMS = {"content", "variation"}
"""Terms of the loss that are not those of style layers."""
NOT_A_LOSS = {"painting", "iteration", "side", "seconds"}
"""Columns of the table of losses that are no terms of the loss."""


def paintings_figure(
    content: Array,
    paintings: Arrays,
    styles: Mapping[str, Mapping[str, Array]],
    *,
    title: str,
) -> Figure:
    """Draws a row for each transfer: the content, the result, and the styles.

    Args:
        content: RGB, (height, width, 3), 0 … 255.
        paintings: Results by name, RGB uint8.
        styles: For every result its styles, RGB, by their label.
        title: Title of the figure.

    Returns:
        The figure.
    """
    with house_style():
        columns = 2 + max(len(parts) for parts in styles.values())
        figure = Figure(figsize=(3.1 * columns, 2.5 * len(paintings) + 0.5))
        set_title(figure, title)
        grid = figure.subplots(len(paintings), columns, squeeze=False)
        for line, (name, painting) in zip(grid, paintings.items(), strict=True):
            pictures = [("content", content), (name, painting), *styles[name].items()]
            for axes, (label, picture) in zip(line, pictures, strict=False):
                axes.imshow(np.clip(picture, 0, 255).astype(np.uint8))
                axes.set_title(label, size=9, weight="normal")
        for axes in grid.ravel():
            hide_axes(axes)
        return figure


def transfers_figure(
    content: Array,
    styles: Mapping[str, Array],
    paintings: Arrays,
    params: Sequence[PaintingParams],
    *,
    title: str,
) -> Figure:
    """Draws every transfer beside its content and its weighted styles, at a small size.

    Args:
        content: A picture of any mode and size.
        styles: Pictures of any mode and size, by name.
        paintings: Results by name, RGB uint8.
        params: Names and style weights of the transfers.
        title: Title of the figure.

    Returns:
        The figure.
    """
    small = {name: shrink_for_figure(style) for name, style in styles.items()}
    labelled = {
        painting.name: {
            f"{name} × {weight:g}": small[name] for name, weight in painting.styles.items()
        }
        for painting in params
    }
    return paintings_figure(shrink_for_figure(content), paintings, labelled, title=title)


def shrink_for_figure(picture: Array) -> Array:
    """Returns a picture of any mode as RGB of at most ``FIGURE_SIDE`` pixels.

    Drawing a photograph of megapixels would take seconds.
    """
    rgb = to_rgb(picture)
    side = min(FIGURE_SIDE, max(rgb.shape))
    return average_areas(rgb, longer_side_shape(rgb.shape, side))


def losses_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Draws the weighted loss of every layer by iteration, a panel for each transfer.

    Args:
        table: Columns ``painting``, ``iteration``, ``side``, ``content``, the style layers and
            ``variation``.
        title: Title of the figure.
    """
    with house_style():
        names = list(dict.fromkeys(table["painting"]))
        figure = Figure(figsize=(4.6 * len(names) + 1.4, 3.4))
        set_title(figure, title)
        panels = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
        for axes, name in zip(panels, names, strict=True):
            _draw_losses(axes, table[table["painting"] == name])
            axes.set(yscale="log", xlabel="iteration", title=name)
        panels[0].set_ylabel("weighted loss")
        handles = panels[0].get_legend_handles_labels()
        figure.legend(*handles, loc="outside right center", fontsize=8)
        return figure


def _draw_losses(axes: Axes, rows: pd.DataFrame) -> None:
    """Draws every term that is not 0, and a dotted line where the image size changes."""
    for term in [str(column) for column in rows if column not in NOT_A_LOSS]:
        if rows[term].max() <= 0:
            continue
        linestyle = "--" if term in OTHER_TERMS else "-"
        values = rows[term].where(rows[term] > 0)
        axes.plot(rows["iteration"], values, label=term, linestyle=linestyle, linewidth=1.3)
    for iteration in rows["iteration"][rows["side"].diff() > 0]:
        axes.axvline(iteration, color="#9aa5b1", linewidth=0.8, linestyle=":")


def style_grid_figure(
    pictures: Arrays, grid: GridParams, *, content_weight: float, title: str
) -> Figure:
    """Draws small transfers: a row for each start, a column for each style weight.

    Args:
        pictures: RGB uint8 by the name of the grid's cell.
        grid: Starts and style weights β.
        content_weight: The content's weight α, to which β is related.
        title: Title of the figure.

    Returns:
        The figure.
    """
    with house_style():
        rows, columns = len(grid.starts), len(grid.style_weights)
        figure = Figure(figsize=(2.5 * columns + 0.5, 1.9 * rows + 0.6))
        set_title(figure, title)
        panels = figure.subplots(rows, columns, squeeze=False)
        for axes, cell in zip(panels.ravel(), grid.cells(), strict=True):
            axes.imshow(pictures[cell.name])
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        for axes, start in zip(panels[:, 0], grid.starts, strict=True):
            axes.set_ylabel(f"from {start}", size=9)
        for axes, weight in zip(panels[0], grid.style_weights, strict=True):
            ratio = weight / content_weight if content_weight else float("inf")
            axes.set_title(f"β/α = {ratio:,.10g}", size=9, weight="normal")
        return figure
