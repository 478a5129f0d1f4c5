"""Figures of cells and of how well methods segment them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.cells.rendering import (
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    TRUE_POSITIVE,
    colour_errors,
    colour_labels,
    display_grey,
)
from atelier.cells.samples import Sample
from atelier.cells.scores import OVERLAPS
from atelier.plotting import ACCENT, INK, QUIET, WARM, hide_axes, house_style, set_title
from atelier.types import Array

METHOD_TITLES = {
    "otsu": "Otsu",
    "em": "EM",
    "unet": "U-Net",
    "unweighted": "U-Net without border weights",
    "combined": "both U-Nets combined",
}
METHOD_COLOURS = {
    "otsu": "#e9a23b",
    "em": "#4c956c",
    "unet": ACCENT,
    "unweighted": WARM,
    "combined": INK,
}
MEASURE_TITLES = {"f1": "F1 at IoU 0.5", "mean_f1": "F1, IoU 0.5 to 0.95", "iou": "IoU of pixels"}
MATCHING_TITLES = {
    "average_precision": "AP = TP / (TP + FP + FN)",
    "panoptic_quality": "panoptic quality",
    "matched_iou": "mean IoU of matched cells",
}
LEGEND = (
    ("true positive", TRUE_POSITIVE, 0.34),
    ("false negative", FALSE_NEGATIVE, 0.48),
    ("false positive", FALSE_POSITIVE, 0.63),
)
"""Text, colour and horizontal position of the legend's entries."""


def method_title(method: str) -> str:
    """Returns the title of a method's key; of an unknown key, the key itself."""
    return METHOD_TITLES.get(method, method)


def comparison_figure(
    samples: Mapping[str, Sample],
    predictions: Mapping[str, Mapping[str, Array]],
    *,
    title: str,
    side: int = 256,
) -> Figure:
    """Draws a row for each image: image, truth, then each method's cells with its errors coloured.

    Args:
        samples: Images with their truth, by name.
        predictions: Each method's instance labels by the image's name, by the method's key.
        title: Of the figure.
        side: Pixels of each image that are drawn, from its upper left corner.

    Returns:
        The figure.
    """
    with house_style():
        columns = len(predictions) + 2
        figure = Figure(figsize=(1.9 * columns, 1.95 * len(samples) + 0.7))
        set_title(figure, title)
        panels = figure.subplots(len(samples), columns, squeeze=False)
        crop = np.s_[:side, :side]
        for row, (name, sample) in zip(panels, samples.items(), strict=True):
            image, truth = sample.image[crop], sample.labels[crop]
            row[0].imshow(display_grey(sample.image)[crop], cmap="gray")
            row[1].imshow(colour_labels(truth))
            for panel, labels in zip(row[2:], predictions.values(), strict=True):
                panel.imshow(colour_errors(image, truth, labels[name][crop]))
        headings = ["image", "truth", *map(method_title, predictions)]
        for panel, heading in zip(panels[0], headings, strict=True):
            panel.set_title(heading, size=9)
        for panel in panels.ravel():
            hide_axes(panel)
        for text, colour, x in LEGEND:
            figure.text(x, 0.005, "■ " + text, color=colour, size=9, va="bottom")
        layout: Any = figure.get_layout_engine()
        layout.set(rect=(0, 0.03, 1, 0.97))
    return figure


def describe_pairs(table: pd.DataFrame, methods: Sequence[str]) -> str:
    """Describes how many touching pairs each method separates, in a line for a title.

    Args:
        table: As :func:`atelier.cells.comparison.score_segmentations` returns it.
        methods: Keys of the methods to name.

    Examples:
        >>> import pandas as pd
        >>> from atelier.cells.figures import describe_pairs
        >>> table = pd.DataFrame({"method": ["unet", "em"], "apart": [5, 2], "pairs": [8, 8]})
        >>> describe_pairs(table, ["em", "unet"])
        'separated of 8 touching pairs: EM 2, U-Net 5'
    """
    sums = table.groupby("method", sort=False)[["apart", "pairs"]].sum()
    counts = ", ".join(f"{method_title(method)} {sums.apart[method]:.0f}" for method in methods)
    return f"separated of {sums['pairs'].max():.0f} touching pairs: {counts}"


def f1_by_overlap_figure(table: pd.DataFrame, summary: pd.DataFrame, *, title: str) -> Figure:
    """Draws F1 against the IoU from which a cell matches, and the main scores with intervals.

    Args:
        table: As :func:`atelier.cells.comparison.score_segmentations` returns it.
        summary: As :func:`atelier.cells.comparison.summarize_scores` returns it.
        title: Of the figure.

    Returns:
        The figure.
    """
    names = ["f1", *(f"f1_{overlap}" for overlap in OVERLAPS[1:])]
    with house_style():
        figure = Figure(figsize=(9, 3.2))
        set_title(figure, title)
        curves, means = figure.subplots(1, 2)
        for method, scores in table.groupby("method", sort=False):
            key = str(method)
            colour, label = METHOD_COLOURS.get(key, QUIET), method_title(key)
            curves.plot(OVERLAPS, scores[names].mean(), "o-", color=colour, label=label, ms=3)
        curves.set(xlabel="IoU above which a cell counts as a match", ylabel="F1 of cells")
        curves.set_ylim(0, 1)
        curves.legend()
        _draw_intervals(means, summary)
    return figure


def _draw_intervals(axes: Axes, summary: pd.DataFrame) -> None:
    methods = list(summary["method"].unique())
    for index, method in enumerate(methods):
        rows = summary[summary["method"] == method].set_index("measure").loc[list(MEASURE_TITLES)]
        x = np.arange(len(MEASURE_TITLES)) + 0.16 * (index - (len(methods) - 1) / 2)
        error = np.abs(rows[["low", "high"]].to_numpy().T - rows["mean"].to_numpy())
        colour = METHOD_COLOURS.get(method, QUIET)
        axes.errorbar(x, rows["mean"], yerr=error, fmt="o", color=colour, ms=4, capsize=2)
    axes.set_xticks(range(len(MEASURE_TITLES)), list(MEASURE_TITLES.values()))
    axes.set_title(f"mean over {int(summary['n'].iloc[0])} images, 95 % intervals", size=9)
    axes.grid(axis="x", visible=False)


def matching_figure(summary: pd.DataFrame, *, title: str) -> Figure:
    """Draws average precision, panoptic quality and mean matched IoU against the overlap.

    Args:
        summary: As :func:`atelier.cells.matching.summarize_matches` returns it.
        title: Of the figure.

    Returns:
        The figure: all cells pooled, with 95 % intervals at every second overlap, side by side.
    """
    pooled = summary[summary["averaging"] == "pooled"]
    with house_style():
        figure = Figure(figsize=(10.5, 3.3))
        set_title(figure, title)
        panels = figure.subplots(1, len(MATCHING_TITLES))
        for panel, (measure, heading) in zip(panels, MATCHING_TITLES.items(), strict=True):
            groups = pooled[pooled["measure"] == measure].groupby("method", sort=False)
            for index, (method, rows) in enumerate(groups):
                colour, label = METHOD_COLOURS.get(str(method), QUIET), method_title(str(method))
                shift = 0.006 * (index - (groups.ngroups - 1) / 2)
                panel.plot(rows["overlap"], rows["value"], color=colour, label=label)
                bars = rows[::2]
                error = np.abs(bars[["low", "high"]].to_numpy().T - bars["value"].to_numpy())
                panel.errorbar(
                    bars["overlap"] + shift, bars["value"], yerr=error, fmt="o", color=colour, ms=3
                )
            panel.set(xlabel="IoU above which a cell counts as a match", ylim=(0, 1))
            panel.set_title(heading, size=9)
        panels[0].legend(fontsize=7)
    return figure


def cells_figure(samples: Mapping[str, Sample], *, title: str) -> Figure:
    """Draws images and, beneath each, its cells in random colours."""
    with house_style():
        figure = Figure(figsize=(1.6 * len(samples), 3.6))
        set_title(figure, title)
        panels = figure.subplots(2, len(samples), squeeze=False)
        for (above, below), sample in zip(panels.T, samples.values(), strict=True):
            above.imshow(display_grey(sample.image), cmap="gray")
            below.imshow(colour_labels(sample.labels))
            hide_axes(above)
            hide_axes(below)
    return figure


def count_of(number: int, noun: str) -> str:
    """Returns a number of things as text.

    Examples:
        >>> from atelier.cells.figures import count_of
        >>> count_of(1, "cell"), count_of(1200, "cell")
        ('1 cell', '1,200 cells')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def overlays_figure(overlays: Mapping[str, Array], *, title: str, side: int = 320) -> Figure:
    """Draws the middle of each overlay with its title, four in a row.

    Args:
        overlays: Pictures by title, (height, width, 3) uint8.
        title: Of the figure.
        side: Largest height and width that is drawn, pixels.

    Returns:
        The figure.
    """
    columns = min(len(overlays), 4)
    rows = -(-len(overlays) // 4)
    with house_style():
        figure = Figure(figsize=(max(2.3 * columns, 4.6) + 0.2, 2.55 * rows + 0.5))
        set_title(figure, title)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel in panels:
            hide_axes(panel)
        for panel, (text, overlay) in zip(panels, overlays.items(), strict=False):
            panel.imshow(_middle(overlay, side))
            panel.set_title(_shortened(text), size=7, weight="normal", loc="left")
    return figure


def _middle(picture: Array, side: int) -> Array:
    height, width = (min(length, side) for length in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


def _shortened(text: str, longest: int = 38) -> str:
    """Returns the end of a long text."""
    return text if len(text) <= longest else "…" + text[1 - longest :]
