"""Figures of activation maximization."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.activation_maximization.evaluation import error_probability, target_confidence
from atelier.activation_maximization.starts import zero_border
from atelier.plotting import (
    ACCENT,
    INK,
    WARM,
    displayed,
    hide_axes,
    house_style,
    set_title,
    shorten,
    stretch_contrast,
)
from atelier.types import Array, Arrays


class ConfidenceColumn(NamedTuple):
    """A column of the table of scores, and how it is drawn."""

    name: str
    label: str
    colour: str


class Panel(NamedTuple):
    """An image with its title and a note; a difference is drawn in red and blue about 0."""

    title: str
    image: Array
    """(height, width[, channels])."""
    note: str
    is_difference: bool = False


CONFIDENCES = (
    ConfidenceColumn("confidence", "softmax", ACCENT),
    ConfidenceColumn("calibrated", "temperature scaling", "#81b29a"),
    ConfidenceColumn("density_confidence", "posterior of the densities", "#e9a23b"),
    ConfidenceColumn("second_confidence", "second network", WARM),
)
START_COLOURS = (ACCENT, "#4c956c", "#e9a23b", WARM)
REPORTED_CONFIDENCE = 0.9999
"""Confidence that "Introduction to Activation Maximization" (laid.delanover.com) reports."""


def _show(axes: Axes, image: Array, *, is_difference: bool = False) -> None:
    """Draws an image without axes, between its extremes or about 0.

    The difference of images in colour is the mean over their channels.
    """
    image = displayed(image)
    if image.ndim == 3:
        image = image.mean(axis=-1) if is_difference else stretch_contrast(image)
    largest = float(np.abs(image).max()) or 1.0
    difference = {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
    axes.imshow(image, **(difference if is_difference else {"cmap": "gray"}))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def image_rows_figure(
    rows: Mapping[str, Array],
    notes: Mapping[str, Sequence[str]],
    columns: Sequence[str],
    *,
    title: str,
) -> Figure:
    """Draws a labelled row of images for each entry.

    Args:
        rows: Images by label, (≤ columns, height, width[, channels]) each.
        notes: Texts under the images of a row, by label; rows may be missing.
        columns: Headings of the columns.
        title: Title of the figure.

    Returns:
        The figure.
    """
    with house_style():
        figure = Figure(figsize=(0.92 * len(columns) + 1.1, 1.12 * len(rows) + 0.5))
        set_title(figure, title)
        grid = figure.subplots(len(rows), len(columns), squeeze=False)
        for line, (label, images) in zip(grid, rows.items(), strict=True):
            for axes, image in zip(line, images, strict=False):
                _show(axes, image)
            for axes in line[len(images) :]:
                hide_axes(axes)
            for axes, note in zip(line, notes.get(label, ()), strict=False):
                axes.set_xlabel(note, size=7, labelpad=2)
            line[0].set_ylabel(label, size=8, rotation=0, ha="right", va="center")
        for axes, heading in zip(grid[0], columns, strict=True):
            axes.set_title(shorten(heading, longest=13), size=9, loc="center")
        return figure


def descent_figure(descent: Arrays, classes: Sequence[str], *, title: str) -> Figure:
    """Draws the last images of a descent and their confidence, a row for each kind of start.

    Args:
        descent: As :func:`atelier.activation_maximization.descend_from_starts` returns it.
        classes: Names of the classes.
        title: Title of the figure.

    Returns:
        The figure.
    """
    targets = np.arange(len(classes))
    rows = _first_draws(descent)
    images = {start: descent["images"][row, -1] for start, row in rows.items()}
    confidences = {
        start: target_confidence(descent["logits"][row, -1], targets) for start, row in rows.items()
    }
    notes = {start: [f"{value:.5f}" for value in values] for start, values in confidences.items()}
    return image_rows_figure(images, notes, classes, title=title)


def _first_draws(descent: Arrays) -> dict[str, int]:
    """Returns the row of the first draw of each kind of start."""
    rows = np.flatnonzero(descent["draw"] == 0)
    return {str(descent["start"][row]): int(row) for row in rows}


def descent_error_figure(descent: Arrays, *, title: str) -> Figure:
    """Draws 1 - confidence by iteration for each kind of start of a descent."""
    targets = np.arange(descent["logits"].shape[-1])
    errors = {
        start: error_probability(descent["logits"][row], targets)
        for start, row in _first_draws(descent).items()
    }
    return error_probability_figure(errors, title=title)


def error_probability_figure(errors: Mapping[str, Array], *, title: str) -> Figure:
    """Draws 1 - confidence by iteration for every start: the classes' median and range.

    Args:
        errors: Error probabilities by start, (steps + 1, classes) each.
        title: Title of the figure.
    """
    with house_style():
        figure = Figure(figsize=(6.2, 3.4))
        axes = figure.subplots()
        for (start, values), colour in zip(errors.items(), START_COLOURS, strict=False):
            positive = np.maximum(values, 1e-16)
            steps = np.arange(len(positive))
            low, high = positive.min(axis=1), positive.max(axis=1)
            axes.plot(steps, np.median(positive, axis=1), color=colour, label=start, marker=".")
            axes.fill_between(steps, low, high, color=colour, alpha=0.1)
        level = 1 - REPORTED_CONFIDENCE
        axes.axhline(level, color=INK, linewidth=0.8, linestyle=":")
        label = f"confidence {REPORTED_CONFIDENCE}"
        axes.annotate(label, (0, level), xytext=(2, 3), textcoords="offset points", size=8)
        axes.set(yscale="log", xlabel="iteration", ylabel="1 − confidence", title=title)
        axes.legend(title="start", loc="lower right", frameon=True)
        return figure


def difference_figure(panels: Sequence[Panel], *, title: str) -> Figure:
    """Draws an image before and after an optimisation, and their difference, side by side."""
    with house_style():
        figure = Figure(figsize=(1.9 * len(panels), 2.6))
        set_title(figure, title)
        grid = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(grid, panels, strict=True):
            _show(axes, panel.image, is_difference=panel.is_difference)
            axes.set_title(panel.title, size=9, weight="normal")
            axes.set_xlabel(panel.note, size=8)
        return figure


def descent_difference_figure(
    descent: Arrays, label: int, deviation: Array, *, border: int, title: str
) -> Figure:
    """Draws how a descent to one class changed its image, from the last kind of start.

    Args:
        descent: As :func:`atelier.activation_maximization.descend_from_starts` returns it.
        label: Index of the class.
        deviation: Standard deviation of each pixel over real images of the class,
            (height, width).
        border: Width of the border that was set to 0, in pixels.
        title: Title of the figure.

    Returns:
        The figure.
    """
    start, row = list(_first_draws(descent).items())[-1]
    first, last = descent["images"][row][[0, -1], label]
    targets = np.arange(descent["logits"].shape[-1])
    confidence = target_confidence(descent["logits"][row], targets)[:, label]
    without_border = target_confidence(descent["border_logits"][row], targets)[label]
    inside = zero_border(last[None], border)[0]
    steps = len(confidence) - 1
    panels = [
        Panel(f"start: {start}", first, f"confidence {confidence[0]:.5f}"),
        Panel(f"after {steps} steps", last, f"confidence {confidence[-1]:.5f}"),
        Panel("difference", last - first, "red: brighter", is_difference=True),
        Panel(f"outer {border} set to 0", inside, f"confidence {without_border:.5f}"),
        Panel("class deviation", deviation, "of real images"),
    ]
    return difference_figure(panels, title=title)


def confidence_figure(table: pd.DataFrame, reference_log_density: Array, *, title: str) -> Figure:
    """Draws the confidence of several models by method, and log densities beside real images'.

    Args:
        table: A row for each image, with the columns ``method`` and ``log_density`` and those of
            ``CONFIDENCES``.
        reference_log_density: Log densities of held-out real images, (n,).
        title: Title of the figure.

    Returns:
        The figure.
    """
    with house_style():
        methods = list(dict.fromkeys(table["method"]))
        figure = Figure(figsize=(10.0, 0.42 * len(methods) + 1.6))
        set_title(figure, title)
        confidence_axes, density_axes = figure.subplots(1, 2, sharey=True)
        _draw_confidences(confidence_axes, table, methods)
        _draw_densities(density_axes, table, methods, reference_log_density)
        handles = confidence_axes.get_legend_handles_labels()
        figure.legend(*handles, loc="outside lower left", ncols=4)
        return figure


def _draw_confidences(axes: Axes, table: pd.DataFrame, methods: Sequence[str]) -> None:
    columns = [column.name for column in CONFIDENCES]
    means = table.groupby("method", sort=False)[columns].mean()
    rows = np.arange(len(methods))
    for index, column in enumerate(CONFIDENCES):
        offsets = rows + 0.2 * (index - 1.5)
        axes.barh(offsets, means[column.name], height=0.18, color=column.colour, label=column.label)
    axes.set(yticks=rows, yticklabels=methods, xlim=(0, 1.02), title="Mean confidence")
    axes.invert_yaxis()


def _draw_densities(
    axes: Axes, table: pd.DataFrame, methods: Sequence[str], reference: Array
) -> None:
    counts, edges = np.histogram(reference, bins=60)
    heights = -counts / counts.max() * len(methods)
    axes.bar(
        edges[:-1], heights, np.diff(edges), len(methods) - 0.5,
        align="edge", color="#d9dee3", label="real, held out",
    )  # fmt: skip
    for row, method in enumerate(methods):
        values = table.loc[table["method"] == method, "log_density"]
        axes.plot(values, np.full(len(values), row), "|", color=WARM, markersize=11)
    axes.set_xscale("symlog", linthresh=max(abs(float(np.quantile(reference, 0.001))), 1.0))
    axes.set(xlabel="log p(logits)", title="Log density; grey: real images, held out")


def maximized_classes_figure(
    ascent: Arrays, means: Array, deviations: Array, classes: Sequence[str], *, title: str
) -> Figure:
    """Draws real images' mean and deviation by class, and the images that each preset maximized.

    Args:
        ascent: As :func:`atelier.activation_maximization.maximize_presets` returns it.
        means: Mean image of each class, (classes, height, width).
        deviations: Standard deviation of each pixel by class, (classes, height, width).
        classes: Names of the classes.
        title: Title of the figure.

    Returns:
        The figure.
    """
    presets = zip(ascent["preset"].tolist(), ascent["images"], strict=True)
    rows = {"class mean": means, "deviation": deviations, **dict(presets)}
    return image_rows_figure(rows, {}, classes, title=title)
