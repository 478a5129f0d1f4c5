"""Draws the plane of two learning rates, its zooms, and the box counts of its border."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle
from PIL import Image
from scipy.stats import rankdata
from skimage.color import lab2rgb, rgb2lab

from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.trainability.windows import Window
from atelier.types import Animation, Array, Images

CONVERGED = ("#0b1f3a", "#2f6690", "#8fc1d9", "#eaf6f6")
DIVERGED = ("#3d0c11", "#a8323e", "#e08e45", "#fdf0c4")
"""Colours from the fastest member to the slowest."""
SHADES = 256
Corners = tuple[tuple[float, float], tuple[float, float]]
"""Two corners of a rectangle, as shares of its width and height."""
FRAME_PIXELS, FRAME_SECONDS = 256, 0.2
"""Size and duration of a frame of the animation."""


def _colour_ramp(colours: Sequence[str]) -> Array:
    """Returns shades of equal distance in CIELAB along a line of colours, (SHADES, 3) in [0, 1]."""
    values = [[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours]
    lab = rgb2lab(np.array([values]))[0]
    distances = np.r_[0, np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))]
    places = np.linspace(0, distances[-1], SHADES)
    shades = np.stack([np.interp(places, distances, channel) for channel in lab.T], axis=1)
    return np.asarray(np.clip(lab2rgb(shades[None])[0], 0, 1))


def colour_members(measures: Array) -> Array:
    """Colours each member by its rank among those that have converged, or that have not.

    Args:
        measures: From :func:`atelier.trainability.train_members`, (rows, columns).

    Returns:
        Blue where converged, red where diverged, the fastest members darkest; (rows, columns, 3) in
        [0, 1].

    Examples:
        >>> colour_members(np.array([[-9.0, -1.0, 1.0]])).round(1)
        array([[[0.6, 0.8, 0.9],
                [0.1, 0.3, 0.5],
                [0.8, 0.4, 0.3]]])
    """
    pixels = np.empty((*measures.shape, 3))
    for are_of_side, colours in ((measures < 0, CONVERGED), (measures > 0, DIVERGED)):
        slowness = np.abs(measures[are_of_side])
        shares = (rankdata(slowness) - 0.5) / max(len(slowness), 1)
        pixels[are_of_side] = _colour_ramp(colours)[(shares * SHADES).astype(int)]
    return pixels


def border_figure(measures: Sequence[Array], windows: Sequence[Window], *, title: str) -> Figure:
    """Draws the whole window, and beside it the first and the last zoom with their places.

    Args:
        measures: Of the whole window and of each zoom, (resolution, resolution).
        windows: The windows, the whole first.
        title: Of the figure.

    Returns:
        The figure, with logarithmic axes.
    """
    numbers = [0, 1, len(windows) - 1][: len(windows)]
    with house_style():
        figure = Figure(figsize=(9.6, 6.6) if len(numbers) > 1 else (6.6, 6.6))
        set_title(figure, title)
        widths = [2.05, 1] if len(numbers) > 1 else [1]
        places = figure.add_gridspec(2, len(widths), width_ratios=widths)
        whole = figure.add_subplot(places[:, 0])
        zooms = [figure.add_subplot(places[row, 1]) for row in range(len(numbers) - 1)]
        for axes, number in zip([whole, *zooms], numbers, strict=True):
            _draw_window(axes, measures[number], windows[number])
        for axes, number in zip(zooms, numbers[1:], strict=True):
            width, height = windows[number].decades
            axes.set_title(f"{width:.2g} × {height:.2g} decades", weight="normal", size=8)
        if zooms:
            _mark_zoom(whole, zooms[0], windows[numbers[1]], ((1, 0), (1, 1)), ((0, 0), (0, 1)))
        if len(zooms) > 1:
            _mark_zoom(zooms[0], zooms[1], windows[numbers[2]], ((0, 0), (1, 0)), ((0, 1), (1, 1)))
        whole.set(xlabel="learning rate of the first layer")
        whole.set(ylabel="learning rate of the last layer")
        _draw_legend(whole)
        return figure


def _draw_window(axes: Axes, measures: Array, window: Window) -> None:
    x_low, x_high, y_low, y_high = window.limits
    axes.imshow(
        colour_members(measures),
        origin="lower",
        aspect="auto",
        extent=(x_low, x_high, y_low, y_high),
        interpolation="nearest",
    )
    axes.grid(visible=False)
    _set_ticks(axes.xaxis, x_low, x_high)
    _set_ticks(axes.yaxis, y_low, y_high)


def _set_ticks(axis: Any, low: float, high: float) -> None:
    """Labels whole decades, or three rates where the axis has fewer than two whole decades."""
    decades = np.arange(np.ceil(low), np.floor(high) + 1)
    if len(decades) >= 2:
        axis.set_ticks(decades, [f"$10^{{{decade:.0f}}}$" for decade in decades])
        return
    places = low + (high - low) * np.array([0.15, 0.5, 0.85])
    digits = max(3, 2 - int(np.floor(np.log10(high - low))))
    axis.set_ticks(places, [f"{10**place:.{digits}g}" for place in places], fontsize=7)


def _mark_zoom(
    outer: Axes, inner: Axes, window: Window, corners: Corners, inner_corners: Corners
) -> None:
    """Draws the place of a window, and lines from two of its corners to those of its picture."""
    x_low, x_high, y_low, y_high = window.limits
    width, height = x_high - x_low, y_high - y_low
    outer.add_patch(Rectangle((x_low, y_low), width, height, fill=False, ec=INK, lw=1))
    for (x, y), corner in zip(corners, inner_corners, strict=True):
        inner.figure.add_artist(
            ConnectionPatch(
                (x_low + x * width, y_low + y * height),
                corner,
                outer.transData,
                inner.transAxes,
                color=INK,
                lw=0.6,
            )
        )


def _draw_legend(axes: Axes) -> None:
    """Draws the colours below the axes: fast to slow convergence, then slow to fast divergence."""
    legend = axes.inset_axes((0.0, -0.17, 1.0, 0.025))
    shades = np.concatenate([_colour_ramp(CONVERGED), _colour_ramp(DIVERGED)[::-1]])
    legend.imshow(shades[None], aspect="auto", extent=(0, 1, 0, 1))
    legend.set_yticks([])
    names = ["converged fast", "converged slowly | diverged slowly", "diverged fast"]
    legend.set_xticks([0, 0.5, 1], names, fontsize=8)
    first, _, last = legend.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    legend.grid(visible=False)


def box_count_figure(counts: pd.DataFrame, borders: pd.DataFrame) -> Figure:
    """Draws the number of boxes against their size for each picture, with a line of its dimension.

    Args:
        counts: Second table of :func:`atelier.trainability.border_tables`.
        borders: First table, with the dimensions.

    Returns:
        A figure with double logarithmic axes.
    """
    colours = (ACCENT, WARM, "#e08e45", "#81b29a", INK, QUIET)
    with house_style():
        figure = Figure(figsize=(5.6, 4))
        axes = figure.subplots()
        for index, border in borders.reset_index(drop=True).iterrows():
            is_same = (counts[["window", "seed"]] == border[["window", "seed"]]).all(axis=1)
            colour = colours[int(str(index)) % len(colours)]
            points = counts[is_same & (counts["boxes"] > 0)]
            sizes, boxes = points["size"].to_numpy(), points["boxes"].to_numpy()
            name = f"zoom {border['window']:.0f}" if border["window"] else "whole window"
            axes.plot(
                *(sizes, boxes, "o"),
                color=colour,
                ms=4,
                label=f"{name}, seed {border['seed']:.0f}: {border['dimension']:.2f} "
                f"[{border['dimension_low']:.2f}, {border['dimension_high']:.2f}]",
            )
            if len(boxes):
                level = np.exp(np.mean(np.log(boxes) + border["dimension"] * np.log(sizes)))
                axes.plot(sizes, level * sizes ** -border["dimension"], color=colour, lw=1)
        axes.set(xscale="log", yscale="log", xlabel="box size, cells", ylabel="boxes on the border")
        axes.set_xticks(sorted(counts["size"].unique()), sorted(counts["size"].unique()))
        axes.minorticks_off()
        axes.set_title("Box-counting dimension of the border")
        axes.legend(fontsize=7)
        return figure


def zoom_animation(
    measures: Sequence[Array], windows: Sequence[Window], *, frames: int
) -> Animation:
    """Draws a continuous zoom from the whole window to the deepest one.

    Between two windows the wider one is cropped, with the narrower one at its place, which appears
    gradually.

    Args:
        measures: Of the whole window and of each zoom, (resolution, resolution).
        windows: The windows, the whole first.
        frames: Pictures from one window to the next.

    Returns:
        (zooms · frames + 1) pictures of 256 × 256 pixels.
    """
    pictures = [(255 * colour_members(picture)[::-1]).astype(np.uint8) for picture in measures]
    drawn = []
    for wide, narrow, outer, inner in zip(
        pictures, pictures[1:], windows, windows[1:], strict=False
    ):
        drawn += [
            _zoom_frame(wide, narrow, outer, inner, share=index / frames) for index in range(frames)
        ]
    last = Image.fromarray(pictures[-1]).resize((FRAME_PIXELS, FRAME_PIXELS))
    return Animation(np.stack([*drawn, np.asarray(last)]), FRAME_SECONDS)


def _zoom_frame(
    wide: Array, narrow: Array, outer: Window, inner: Window, *, share: float
) -> Images:
    """Draws the view at a share of the way from one window to the next, in logarithms of width."""
    ratio = inner.decades[0] / outer.decades[0]
    width = ratio**share
    x_start = (1 - width) * _offset(outer, inner, 0) / (1 - ratio)
    y_start = (1 - width) * _offset(outer, inner, 1) / (1 - ratio)
    side, n = FRAME_PIXELS, len(wide)
    box = (x_start * n, (1 - y_start - width) * n, (x_start + width) * n, (1 - y_start) * n)
    frame = Image.fromarray(wide).resize((side, side), Image.Resampling.BICUBIC, box)
    size = max(1, round(side * ratio / width))
    x = (_offset(outer, inner, 0) - x_start) / width * side
    y = side - (_offset(outer, inner, 1) - y_start) / width * side - size
    detail = Image.fromarray(narrow).resize((size, size))
    frame.paste(detail, (round(x), round(y)), Image.new("L", (size, size), round(255 * share)))
    return np.asarray(frame)


def _offset(outer: Window, inner: Window, axis: int) -> float:
    """Returns where the inner window begins, as a share of the outer one."""
    return (inner.limits[2 * axis] - outer.limits[2 * axis]) / outer.decades[axis]
