"""Figures of Otsu's thresholds."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.thresholding.experiments import PictureThresholds
from atelier.thresholding.grey_levels import count_grey_levels
from atelier.thresholding.otsu import apply_thresholds
from atelier.thresholding.partition import scaled_distances
from atelier.types import Array

FEW = 16
"""Up to so many grey values or thresholds are drawn one by one."""
LONG = 20
"""Pictures of which a side is so many times the other are stretched."""
BARS = 256
"""Bins of the histogram that is drawn of floats, and of integers that span more than 16 bit."""


def threshold_figure(image: Array, result: PictureThresholds, *, title: str) -> Figure:
    """Picture, histogram with thresholds, classes; the variances over t, with t's interval.

    Args:
        image: Grey values, (height, width).
        result: What Otsu's method says of them.
        title: Above everything; may have several lines.
    """
    with house_style():
        figure = Figure(figsize=(9, 5.4))
        set_title(figure, title)
        names = ["picture", *map(str, result.cuts)]
        left = max(1, len(names) // 3)
        lower = ["histogram"] * left + ["variance"] * (len(names) - left)
        layout: list[Any] = [names, lower]
        panels = figure.subplot_mosaic(layout)
        panels["picture"].imshow(image, cmap="gray")
        panels["picture"].set_title("picture")
        for classes in result.cuts:
            _draw_classes(panels[str(classes)], image, result, classes)
        for name in names:
            panels[name].set_axis_off()
            panels[name].set_aspect("auto" if max(image.shape) > LONG * min(image.shape) else 1)
        _draw_histogram(panels["histogram"], image, result)
        _draw_variances(panels["variance"], result)
    return figure


def _draw_classes(axes: Axes, image: Array, result: PictureThresholds, classes: int) -> None:
    cuts, last = result.cuts[classes], classes - 1
    axes.imshow(
        apply_thresholds(image, cuts), "viridis", vmin=0, vmax=last, interpolation="nearest"
    )
    number = "1 class" if result.grey_values == 1 else f"{classes} classes"
    texts = ", ".join(result.text(float(cut)) for cut in cuts)
    if len(result.cuts) > 2 or len(texts) > 18:
        axes.set_title(f"{number}:\n{texts}", fontsize=8)
    else:
        axes.set_title(f"{number}: {texts}")


def _draw_histogram(axes: Axes, image: Array, result: PictureThresholds) -> None:
    counts, levels = _bars(image)
    if result.grey_values <= FEW:
        axes.vlines(levels[counts > 0], 0, counts[counts > 0], color=QUIET, linewidth=5)
    else:
        axes.fill_between(levels, counts, step="mid", color=QUIET)
    axes.axvline(float(result.cuts[2][0]), color=WARM)
    for cut in result.cuts[max(result.cuts)] if len(result.cuts) > 1 else ():
        axes.axvline(float(cut), color=ACCENT, linestyle="--")
    axes.set(xlabel="grey value", ylabel="pixels", title="histogram")
    axes.set_ylim(bottom=0)


def _bars(image: Array) -> tuple[Array, Array]:
    """Counts and grey values to draw: each integer, or bins where that would be too many."""
    counts, levels, *_ = count_grey_levels(image)
    few = np.count_nonzero(counts) <= FEW
    if few or (levels.dtype.kind != "f" and len(levels) == int(levels[-1]) - int(levels[0]) + 1):
        return counts, levels
    places, _ = scaled_distances(levels)
    places /= places[-1]
    bars = np.bincount(np.minimum((places * BARS).astype(int), BARS - 1), counts, BARS)
    middles = (np.arange(BARS) + 0.5) / BARS
    return bars, float(levels[0]) * (1 - middles) + float(levels[-1]) * middles


def _draw_variances(axes: Axes, result: PictureThresholds) -> None:
    curve, threshold = result.curve, float(result.cuts[2][0])
    line = "o-" if len(curve.levels) <= FEW else "-"
    axes.plot(curve.levels, curve.within, line, color=ACCENT, label="within classes")
    axes.plot(curve.levels, curve.between, line, color=WARM, label="between classes")
    axes.axhline(curve.total, color=INK, linewidth=0.8, linestyle=":", label="total")
    if result.interval:
        axes.axvspan(*result.interval, color=WARM, alpha=0.15, label="95 % of t")
    axes.axvline(threshold, color=WARM, linewidth=1)
    axes.set(xlabel="threshold t", ylabel="variance")
    axes.set_title(
        f"t = {result.text(threshold)} explains {curve.separability:.0%} of the variance"
    )
    top = 1.05 * curve.total
    axes.set_ylim(0, top if 0 < top < np.inf else 1)
    if len(curve.levels) == 1:
        axes.set_xlim(*result.span)
    axes.legend(loc="center right")
