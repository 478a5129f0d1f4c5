"""Figures of a data card: class counts, examples, means and deviations."""

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.plotting import (
    QUIET,
    SPLIT_COLOURS,
    hide_axes,
    house_style,
    rotate_long_names,
    set_title,
    shorten,
)
from atelier.types import Array, Images, Labels

LONG_NAME = 8
"""Letters of a class's name that fit below a bar; longer names are turned."""
NAME_HEIGHT, GAP = 0.18, 0.06
"""Height of a name above its pair, and distance of two pairs, in widths of a pair."""


def card_titles(name: str, most_variable: Mapping[str, str]) -> dict[str, str]:
    """Returns the titles of a data card's figures: counts, contact_sheet, moments, deviation.

    Args:
        name: Name of the data.
        most_variable: Most variable class by each statistic.
    """
    return {
        "counts": f"{name}: images per class",
        "contact_sheet": f"{name}: training images",
        "moments": f"{name}: mean and pixel-wise standard deviation",
        "deviation": f"{name}: pixel-wise deviation is largest for "
        f"{most_variable['mean_deviation']} by its mean, for "
        f"{most_variable['largest_deviation']} by its maximum",
    }


def counts_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Draws the number of images of each class, stacked by split."""
    with house_style():
        figure = Figure(figsize=(max(6, 0.22 * len(table)), 3.2))
        axes = figure.subplots()
        bottom = np.zeros(len(table))
        for split, colour in SPLIT_COLOURS.items():
            axes.bar(table["class"], table[split], bottom=bottom, color=colour, label=split)
            bottom += table[split].to_numpy()
        axes.set(title=title, xlabel="class", ylabel="images")
        rotate_long_names(axes, list(table["class"]), longest=LONG_NAME if len(table) < 12 else 2)
        axes.grid(axis="x", visible=False)
        figure.legend(ncols=4, loc="outside lower center")
    return figure


def tile_images(tiles: Array, *, gap: int = 1) -> Array:
    """Joins tiles, (rows, columns, height, width[, 3]), to an image with black gaps between."""
    rows, columns, height, width, *channels = tiles.shape
    framed = np.pad(tiles, ((0, 0), (0, 0), (0, gap), (0, gap), *[(0, 0)] * len(channels)))
    grid = np.moveaxis(framed, 2, 1)  # (rows, height, columns, width[, 3])
    joined = grid.reshape(rows * (height + gap), columns * (width + gap), *channels)
    return joined[:-gap, :-gap]


def contact_sheet_figure(
    images: Images, labels: Labels, classes: Sequence[str], *, title: str, columns: int = 16
) -> Figure:
    """Draws the first images of every class, a row for each class; many classes in two columns.

    Args:
        images: (n, height, width, 1 or 3) uint8.
        labels: (n,), in [0, classes).
        classes: Name of each class.
        title: Title of the figure.
        columns: Number of images of each class.

    Returns:
        The figure.
    """
    colour = () if images.shape[3] == 1 else (3,)
    tiles = np.zeros((len(classes), columns, *images.shape[1:3], *colour), np.uint8)
    for label in range(len(classes)):
        first = images[labels == label][:columns].reshape(-1, *tiles.shape[2:])
        tiles[label, : len(first)] = first
    halves = np.array_split(np.arange(len(classes)), 1 if len(classes) <= 12 else 2)
    with house_style():
        figure = Figure(figsize=(5.2 * len(halves), 0.31 * len(halves[0]) + 0.4))
        set_title(figure, title)
        for axes, half in zip(
            figure.subplots(1, len(halves), squeeze=False).flat, halves, strict=True
        ):
            _draw_rows(axes, tiles[half], [classes[label] for label in half])
    return figure


def _draw_rows(axes: Axes, tiles: Array, names: Sequence[str]) -> None:
    axes.imshow(tile_images(tiles), cmap="gray", vmin=0, vmax=255)
    pitch = tiles.shape[2] + 1
    axes.set_xticks([])
    axes.set_yticks(np.arange(len(names)) * pitch + pitch / 2, names)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def moments_figure(
    means: Array, deviations: Array, classes: Sequence[str], *, title: str
) -> Figure:
    """Draws the mean (left) and the scaled pixel-wise deviation (right) of each class.

    Args:
        means: (classes, height, width), 0 … 255.
        deviations: (classes, height, width).
        classes: Name of each class.
        title: Title of the figure.

    Returns:
        The figure.
    """
    pairs = np.stack([means, deviations * (255 / deviations.max())], axis=1)
    columns = 5 if len(classes) <= 10 else 8
    rows = -(-len(classes) // columns)
    with house_style():
        figure = Figure(figsize=(1.5 * columns, 0.95 * rows + 0.4))
        set_title(figure, title)
        axes = figure.subplots()  # one for all pairs: many axes take seconds
        hide_axes(axes)
        images = [tile_images(pair[None]) for pair in pairs]
        height = images[0].shape[0] / images[0].shape[1]
        for index, (name, image) in enumerate(zip(classes, images, strict=True)):
            row, column = divmod(index, columns)
            left, top = column * (1 + GAP), row * (height + NAME_HEIGHT) + NAME_HEIGHT
            box = (left, left + 1, top + height, top)
            axes.imshow(image, cmap="magma", vmin=0, vmax=255, extent=box)
            place = left + 0.5, top - GAP / 2
            axes.text(*place, shorten(name), size=9, weight="bold", ha="center", va="bottom")
        axes.set(xlim=(-GAP, columns * (1 + GAP)), ylim=(rows * (height + NAME_HEIGHT), 0))
    return figure


def deviation_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Draws the variability of each class by two statistics, with the largest marked."""
    statistics = {"mean_deviation": "mean over pixels", "largest_deviation": "largest pixel"}
    with house_style():
        figure = Figure(figsize=(max(6, 0.22 * len(table)), 3.4))
        set_title(figure, textwrap.fill(title, 88))
        for axes, (column, name) in zip(
            figure.subplots(2, sharex=True), statistics.items(), strict=True
        ):
            colours = np.where(table[column] == table[column].max(), SPLIT_COLOURS["test"], QUIET)
            axes.bar(table["class"], table[column], color=list(colours))
            axes.set_ylabel(f"{name}\n(0 … 255)", size=8)
            axes.grid(axis="x", visible=False)
        names = list(table["class"])
        rotate_long_names(figure.axes[-1], names, longest=LONG_NAME if len(names) < 12 else 2)
    return figure
