"""Figures of cells and of how well they were found."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from skimage.segmentation import find_boundaries

from atelier.cells.grayscale import normalise
from atelier.cells.instance_labels import number_cells
from atelier.cells.samples import Sample
from atelier.cells.scores import OVERLAPS, pairwise_iou
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.types import Array, History

METHOD_COLOURS = {
    "Otsu": "#e9a23b",
    "EM": "#4c956c",
    "U-Net": ACCENT,
    "U-Net, no borders": WARM,
    "U-Net, both": INK,
}
GOOD, LOST, EXTRA = (0.30, 0.55, 0.75), (0.86, 0.25, 0.33), (0.98, 0.72, 0.20)


def _grey(image: Array) -> Array:
    return np.clip(normalise(image), 0, 1)


def colour_labels(labels: Array, *, seed: int = 0) -> Array:
    """Each cell in a colour of its own on white, (height, width, 3) in [0, 1]."""
    labels, ids = number_cells(labels)
    rng = np.random.default_rng(seed)
    hues = rng.uniform(0.25, 0.95, (len(ids) + 1, 3))
    hues[0] = 1.0
    picture = hues[labels]
    picture[find_boundaries(labels, mode="inner")] *= 0.6
    return np.asarray(picture)


def colour_errors(image: Array, truth: Array, found: Array) -> Array:
    """The picture in grey; cells found at IoU > .5 blue, missed red, invented yellow."""
    picture = np.repeat(_grey(image)[..., None] * 0.75, 3, axis=2)
    truth, found = number_cells(truth)[0], number_cells(found)[0]
    hit = pairwise_iou(truth, found) > 0.5
    matched, right = (np.append(False, hit.any(axis=axis)) for axis in (1, 0))
    marks = (
        ((truth > 0) & ~matched[truth], LOST),
        ((found > 0) & ~right[found], EXTRA),
        (right[found], GOOD),
    )
    for mask, colour in marks:
        picture[mask] = 0.45 * picture[mask] + 0.55 * np.array(colour)
    picture[find_boundaries(found, mode="inner")] = 1.0
    return picture


def comparison_figure(
    samples: Mapping[str, Sample],
    found: Mapping[str, Mapping[str, Array]],
    *,
    title: str,
    side: int = 256,
) -> Figure:
    """A row a picture: picture, truth, then what each method finds, mistakes in colour."""
    with house_style():
        columns = len(found) + 2
        figure = Figure(figsize=(1.9 * columns, 1.95 * len(samples) + 0.7))
        set_title(figure, title)
        panels = figure.subplots(len(samples), columns, squeeze=False)
        for row, (name, sample) in zip(panels, samples.items(), strict=True):
            part = np.s_[:side, :side]
            truth = sample.labels[part]
            row[0].imshow(_grey(sample.image)[part], cmap="gray")
            row[1].imshow(colour_labels(truth))
            for panel, labels in zip(row[2:], found.values(), strict=True):
                panel.imshow(colour_errors(sample.image[part], truth, labels[name][part]))
        for panel, heading in zip(panels[0], ["picture", "truth", *found], strict=True):
            panel.set_title(heading, size=9)
        for panel in panels.ravel():
            panel.set_axis_off()
        for colour, text, x in (
            (GOOD, "found", 0.40), (LOST, "missed", 0.52), (EXTRA, "invented", 0.64),
        ):  # fmt: skip
            figure.text(x, 0.005, "■ " + text, color=colour, size=9, va="bottom")
        room: Any = figure.get_layout_engine()
        room.set(rect=(0, 0.03, 1, 0.97))
    return figure


def f1_by_overlap_figure(table: pd.DataFrame, summary: pd.DataFrame, *, title: str) -> Figure:
    """F1 of cells against the IoU that counts as found; the main scores with intervals."""
    names = ["f1", *(f"f1_{at}" for at in OVERLAPS[1:])]
    with house_style():
        figure = Figure(figsize=(9, 3.2))
        set_title(figure, title)
        left, right = figure.subplots(1, 2)
        for method, part in table.groupby("method", sort=False):
            colour = METHOD_COLOURS.get(str(method), QUIET)
            left.plot(OVERLAPS, part[names].mean(), "o-", color=colour, label=method, ms=3)
        left.set(xlabel="IoU from which a cell counts as found", ylabel="F1 of cells")
        left.set_ylim(0, 1)
        left.legend()
        _draw_intervals(
            right, summary, {"f1": "F1 at .5", "mean_f1": "F1, .5 to .95", "iou": "IoU"}
        )
    return figure


def _draw_intervals(axes: Axes, summary: pd.DataFrame, measures: Mapping[str, str]) -> None:
    methods = list(summary["method"].unique())
    for index, method in enumerate(methods):
        own = summary[summary["method"] == method].set_index("measure").loc[list(measures)]
        place = np.arange(len(measures)) + 0.16 * (index - (len(methods) - 1) / 2)
        error = np.abs(own[["low", "high"]].to_numpy().T - own["mean"].to_numpy())
        colour = METHOD_COLOURS.get(method, QUIET)
        axes.errorbar(place, own["mean"], yerr=error, fmt="o", color=colour, ms=4, capsize=2)
    axes.set_xticks(range(len(measures)), list(measures.values()))
    axes.set_title(f"mean over {int(summary['n'].iloc[0])} pictures, 95 %", size=9)
    axes.grid(axis="x", visible=False)


def training_samples_figure(
    image: Array, labels: Array, weights: Array, lessons: Sequence[tuple[Array, ...]]
) -> Figure:
    """What a pixel counts, and one picture as the network sees it again and again."""
    with house_style():
        figure = Figure(figsize=(9, 4.4))
        title = "border weights, and deformed lessons with their targets"
        set_title(figure, title)
        panels = figure.subplots(2, 2 + len(lessons))
        panels[0, 0].imshow(_grey(image), cmap="gray")
        panels[0, 0].set_title("picture", size=9)
        panels[1, 0].imshow(colour_labels(labels))
        panels[1, 0].set_title("truth", size=9)
        shown = panels[0, 1].imshow(weights, cmap="magma")
        panels[0, 1].set_title("weight of each pixel", size=9)
        figure.colorbar(shown, ax=panels[1, 1], location="top", shrink=0.9)
        for column, (seen, target) in enumerate(lessons, start=2):
            panels[0, column].imshow(np.clip(seen, 0, 1), cmap="gray")
            panels[1, column].imshow(target, cmap="gray", interpolation="nearest")
            panels[0, column].set_title(f"lesson {column - 1}", size=9)
        for panel in panels.ravel():
            panel.set_axis_off()
    return figure


def unet_training_figure(histories: Mapping[str, History], *, title: str) -> Figure:
    """Loss and validation IoU along the training of each network."""
    with house_style():
        figure = Figure(figsize=(7.5, 2.9))
        set_title(figure, title)
        left, right = figure.subplots(1, 2)
        for name, history in histories.items():
            steps = [row["step"] for row in history]
            colour = METHOD_COLOURS.get(name, INK)
            left.plot(steps, [row["loss"] for row in history], "o-", ms=3, color=colour, label=name)
            ious = [row["val_iou"] for row in history]
            right.plot(steps, ious, "o-", ms=3, color=colour, label=name)
        left.set(xlabel="step", ylabel="weighted cross-entropy, nats")
        left.set_ylim(bottom=0)
        right.set(xlabel="step", ylabel="IoU on validation pictures")
        right.legend()
    return figure


def pixel_calibration_figure(diagrams: Mapping[str, pd.DataFrame], *, title: str) -> Figure:
    """How often a pixel is cell that is said to be cell with this probability."""
    with house_style():
        figure = Figure(figsize=(3.4 * len(diagrams), 3.3))
        set_title(figure, title)
        panels = figure.subplots(1, len(diagrams), sharey=True, squeeze=False)[0]
        for panel, (name, bins) in zip(panels, diagrams.items(), strict=True):
            panel.plot([0, 1], [0, 1], "--", color=INK, linewidth=0.8)
            size = 8 + 80 * bins["share"] ** 0.5
            panel.scatter(bins["probability"], bins["frequency"], s=size, color=ACCENT, alpha=0.7)
            panel.plot(bins["probability"], bins["frequency"], color=ACCENT, linewidth=0.8)
            panel.set(xlabel="probability that the network gives", xlim=(0, 1), ylim=(0, 1))
            panel.set_title(name, size=9)
        panels[0].set_ylabel("share that are cells")
    return figure


def cells_figure(samples: Mapping[str, Sample], *, title: str) -> Figure:
    """Pictures and, beneath, their cells."""
    with house_style():
        figure = Figure(figsize=(1.6 * len(samples), 3.6))
        set_title(figure, title)
        panels = figure.subplots(2, len(samples), squeeze=False)
        for (above, below), sample in zip(panels.T, samples.values(), strict=True):
            above.imshow(_grey(sample.image), cmap="gray")
            below.imshow(colour_labels(sample.labels))
            above.set_axis_off()
            below.set_axis_off()
    return figure
