"""Figures of a data card."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.plots.style import QUIET, SPLIT_COLOURS, look
from atelier.types import Array, Images, Labels


def counts_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Images per class, stacked by split."""
    with look():
        figure = Figure(figsize=(max(6, 0.22 * len(table)), 3.2))
        axes = figure.subplots()
        bottom = np.zeros(len(table))
        for split, colour in SPLIT_COLOURS.items():
            axes.bar(table["class"], table[split], bottom=bottom, color=colour, label=split)
            bottom += table[split].to_numpy()
        axes.set(title=title, xlabel="class", ylabel="images")
        axes.grid(axis="x", visible=False)
        figure.legend(ncols=4, loc="outside lower center")
    return figure


def mosaic(tiles: Array, *, gap: int = 1) -> Array:
    """One picture, values 0 … 255, of a grid of tiles, (rows, columns, height, width)."""
    rows, columns, height, width = tiles.shape
    framed = np.pad(tiles, ((0, 0), (0, 0), (0, gap), (0, gap)))
    grid = framed.transpose(0, 2, 1, 3)  # (rows, height, columns, width)
    return grid.reshape(rows * (height + gap), columns * (width + gap))[:-gap, :-gap]


def _panel(figure: Figure, tiles: Array, names: Sequence[str], title: str, at: Sequence[int]) -> None:
    axes = figure.add_subplot(*at)
    axes.imshow(mosaic(tiles), cmap="gray", vmin=0, vmax=255)
    height = tiles.shape[2] + 1
    axes.set(title=title, xticks=[], yticks=np.arange(len(names)) * height + height / 2)
    axes.set_yticklabels(names)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def contact_sheet_figure(
    images: Images, labels: Labels, classes: Sequence[str], *, title: str, columns: int = 16
) -> Figure:
    """The first images of every class, a row each; many classes stand in two halves."""
    tiles = np.zeros((len(classes), columns, *images.shape[1:3]), np.uint8)
    for label in range(len(classes)):
        first = images[labels == label][:columns, ..., 0]
        tiles[label, : len(first)] = first
    return _in_halves(tiles, classes, title)


def moments_figure(means: Array, deviations: Array, classes: Sequence[str], *, title: str) -> Figure:
    """Mean (left) and pixel-wise standard deviation (right, brightened) of every class."""
    scale = 255 / deviations.max()
    tiles = np.stack([means, deviations * scale], axis=1)  # (classes, 2, height, width)
    folds = 5 if len(classes) <= 10 else 12
    rows = -(-len(classes) // folds)
    padded = np.pad(tiles, ((0, rows * folds - len(classes)), (0, 0), (0, 0), (0, 0)))
    with look():
        figure = Figure(figsize=(1.5 * folds if folds == 5 else 0.95 * folds, 1.0 * rows + 0.7))
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10)
        for label, axes in enumerate(figure.subplots(rows, folds, squeeze=False).flat):
            axes.set_axis_off()
            if label < len(classes):
                axes.imshow(mosaic(padded[label][None]), cmap="magma", vmin=0, vmax=255)
                axes.set_title(classes[label], loc="center", size=9)
    return figure


def _in_halves(tiles: Array, names: Sequence[str], title: str) -> Figure:
    halves = 1 if len(names) <= 12 else 2
    rows = -(-len(names) // halves)
    with look():
        figure = Figure(figsize=(5.2 * halves, 0.31 * rows + 0.5))
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10)
        for half in range(halves):
            piece = slice(half * rows, (half + 1) * rows)
            shown = np.pad(
                tiles[piece], ((0, rows - len(tiles[piece])), (0, 0), (0, 0), (0, 0))
            )
            _panel(figure, shown, list(names[piece]) + [""] * (rows - len(names[piece])), "",
                   (1, halves, half + 1))
    return figure


def deviation_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """How much each class varies, by both statistics, the largest marked."""
    statistics = {"mean_deviation": "mean over pixels", "largest_deviation": "largest pixel"}
    with look():
        figure = Figure(figsize=(max(6, 0.22 * len(table)), 3.4))
        figure.suptitle(title, x=0.01, ha="left", weight="bold", size=10)
        for axes, (column, name) in zip(
            figure.subplots(2, sharex=True), statistics.items(), strict=True
        ):
            colours = np.where(table[column] == table[column].max(), SPLIT_COLOURS["test"], QUIET)
            axes.bar(table["class"], table[column], color=list(colours))
            axes.set_ylabel(f"{name}\n(0 … 255)", size=8)
            axes.grid(axis="x", visible=False)
    return figure
