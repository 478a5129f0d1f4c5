"""Figures of thresholds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.plotting import ACCENT, INK, QUIET, WARM, hide_axes, house_style, set_title
from atelier.thresholding.experiments import PictureThresholds
from atelier.thresholding.grey_levels import count_grey_levels
from atelier.thresholding.otsu import apply_thresholds
from atelier.thresholding.params import BinarizationParams
from atelier.thresholding.partition import scaled_distances
from atelier.types import Array, Metrics

DISCRETE = 16
"""Largest number of grey values or thresholds that are drawn as separate lines or points."""
LONGEST_ASPECT = 20
"""Ratio of an image's sides above which the image is stretched to its panel."""
BARS = 256
"""Bins of the drawn histogram of floats and of integers with gaps."""
MOST_PAGES = 4
"""Pages of a stack that are drawn."""
CRITERIA = {
    "otsu": ("Otsu", WARM, "-"),
    "em_tied": ("EM, common variance", WARM, "--"),
    "minimum_error": ("minimum error", ACCENT, "-"),
    "em_full": ("EM, a variance for each", ACCENT, "--"),
}
"""Label, colour and line of each threshold beside the path of the prior."""


def threshold_figure(image: Array, result: PictureThresholds, *, title: str) -> Figure:
    """Draws an image, its classes, its histogram, and the variances by threshold.

    Args:
        image: Grey values, (height, width).
        result: Its thresholds.
        title: Title of the figure; may have several lines.

    Returns:
        The figure.
    """
    with house_style():
        figure = Figure(figsize=(9, 5.4))
        set_title(figure, title)
        names = ["picture", *map(str, result.thresholds)]
        width = max(1, len(names) // 3)
        lower = ["histogram"] * width + ["variance"] * (len(names) - width)
        layout: list[Any] = [names, lower]
        panels = figure.subplot_mosaic(layout)
        panels["picture"].imshow(image, cmap="gray")
        panels["picture"].set_title("picture")
        for classes in result.thresholds:
            _draw_classes(panels[str(classes)], image, result, classes)
        for name in names:
            hide_axes(panels[name])
            panels[name].set_aspect(
                "auto" if max(image.shape) > LONGEST_ASPECT * min(image.shape) else 1
            )
        _draw_histogram(panels["histogram"], image, result)
        _draw_variances(panels["variance"], result)
    return figure


def threshold_title(result: PictureThresholds) -> str:
    """Returns the two-class threshold with its interval, and a line for each note."""
    threshold = result.format_grey(float(result.thresholds[2][0]))
    interval = ""
    if result.interval:
        low, high = map(result.format_grey, result.interval)
        interval = f", 95 % of resamples in {low} to {high}"
    return "\n".join([f"Otsu's method: t = {threshold}{interval}", *result.notes])


def _draw_classes(axes: Axes, image: Array, result: PictureThresholds, classes: int) -> None:
    cuts, last = result.thresholds[classes], classes - 1
    axes.imshow(
        apply_thresholds(image, cuts), "viridis", vmin=0, vmax=last, interpolation="nearest"
    )
    number = "1 class" if result.grey_values == 1 else f"{classes} classes"
    texts = ", ".join(result.format_grey(float(cut)) for cut in cuts)
    if len(result.thresholds) > 2 or len(texts) > 18:
        axes.set_title(f"{number}:\n{texts}", fontsize=8)
    else:
        axes.set_title(f"{number}: {texts}")


def _draw_histogram(axes: Axes, image: Array, result: PictureThresholds) -> None:
    counts, levels = _bars(image)
    if result.grey_values <= DISCRETE:
        axes.vlines(levels[counts > 0], 0, counts[counts > 0], color=QUIET, linewidth=5)
    else:
        axes.fill_between(levels, counts, step="mid", color=QUIET)
    axes.axvline(float(result.thresholds[2][0]), color=WARM)
    for cut in result.thresholds[max(result.thresholds)] if len(result.thresholds) > 1 else ():
        axes.axvline(float(cut), color=ACCENT, linestyle="--")
    axes.set(xlabel="grey value", ylabel="pixels", title="histogram")
    axes.set_ylim(bottom=0)


def _bars(image: Array) -> tuple[Array, Array]:
    """Returns counts and grey values to draw: of each integer, or of bins if there are too many."""
    counts, levels, *_ = count_grey_levels(image)
    discrete = np.count_nonzero(counts) <= DISCRETE
    if discrete or (
        levels.dtype.kind != "f" and len(levels) == int(levels[-1]) - int(levels[0]) + 1
    ):
        return counts, levels
    distances, _ = scaled_distances(levels)
    distances /= distances[-1]
    bars = np.bincount(np.minimum((distances * BARS).astype(int), BARS - 1), counts, BARS)
    middles = (np.arange(BARS) + 0.5) / BARS
    return bars, float(levels[0]) * (1 - middles) + float(levels[-1]) * middles


def _draw_variances(axes: Axes, result: PictureThresholds) -> None:
    curve, threshold = result.curve, float(result.thresholds[2][0])
    line = "o-" if len(curve.levels) <= DISCRETE else "-"
    axes.plot(curve.levels, curve.within, line, color=ACCENT, label="within classes")
    axes.plot(curve.levels, curve.between, line, color=WARM, label="between classes")
    axes.axhline(curve.total, color=INK, linewidth=0.8, linestyle=":", label="total")
    if result.interval:
        axes.axvspan(*result.interval, color=WARM, alpha=0.15, label="95 % interval of t")
    axes.axvline(threshold, color=WARM, linewidth=1)
    axes.set(xlabel="threshold t", ylabel="variance")
    axes.set_title(
        f"t = {result.format_grey(threshold)} explains {curve.separability:.0%} of the variance"
    )
    top = 1.05 * curve.total
    axes.set_ylim(0, top if 0 < top < np.inf else 1)
    if len(curve.levels) == 1:
        axes.set_xlim(*result.span)
    axes.legend(loc="center right")


def prior_path_figure(
    image: Array, path: pd.DataFrame, thresholds: Metrics, density: Array, *, title: str
) -> Figure:
    """Draws the threshold against the strength of the prior, beside the histogram.

    Args:
        image: Grey values, (height, width).
        path: What :func:`prior_path` returns.
        thresholds: What :func:`criteria_metrics` returns.
        density: Density of each Gaussian times its weight at 512 grey values from the lowest to
            the highest of the image, (512, components); without components nothing is drawn.
        title: Title of the figure.

    Returns:
        The figure.
    """
    with house_style():
        figure = Figure(figsize=(9, 4))
        set_title(figure, title)
        walk, histogram = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        walk.plot(path["nu_per_pixel"], path["threshold"], color=INK, label="generalized histogram")
        walk.set(xscale="log", xlabel="strength of the prior, ν / pixels", ylabel="grey value")
        walk.set_title("threshold")
        counts, levels = _bars(image)
        histogram.fill_betweenx(levels, counts, step="mid", color=QUIET)
        grid = np.linspace(float(image.min()), float(image.max()), len(density))
        pixels_per_density = image.size * float(levels[-1] - levels[0]) / (len(levels) - 1 or 1)
        for component in density.T:
            histogram.plot(pixels_per_density * component, grid, color=ACCENT, linestyle="--")
        histogram.set(xlabel="pixels", title="histogram, and two Gaussians by EM")
        histogram.set_xlim(0, 1.05 * counts.max())
        for name, value in thresholds.items():
            label, colour, line = CRITERIA[name]
            walk.axhline(value, color=colour, linestyle=line, label=f"{label}: {value:.4g}")
            histogram.axhline(value, color=colour, linestyle=line, linewidth=0.8)
        walk.legend(loc="best")
    return figure


def foreground_figure(images: Sequence[Array], masks: Sequence[Array], *, title: str) -> Figure:
    """Draws the first pages of a stack above their foreground, with masked pixels in grey.

    Args:
        images: Grey values, (height, width) each.
        masks: Their foreground, Boolean.
        title: Title of the figure.

    Returns:
        The figure.
    """
    count = min(len(images), MOST_PAGES)
    with house_style():
        figure = Figure(figsize=(max(2.4 * count, 4.8), 5.4))
        set_title(figure, title)
        panels = figure.subplots(2, count, squeeze=False)
        for column in range(count):
            for row, picture in enumerate((images[column], masks[column])):
                panels[row, column].imshow(picture, cmap="gray", interpolation="nearest")
                panels[row, column].set(xticks=[], yticks=[], facecolor=QUIET)
                panels[row, column].grid(visible=False)
        panels[0, 0].set_title("picture" if len(images) == 1 else f"{count} of {len(images)} pages")
        panels[1, 0].set_title("foreground")
    return figure


def foreground_title(metrics: Metrics, params: BinarizationParams) -> str:
    """Returns the method, its thresholds, and the share of foreground."""
    method = params.local.method if params.method == "local" else params.method
    cuts = [
        f"{name} {metrics[name]:.4g}" for name in ("threshold", "low", "high") if name in metrics
    ]
    return ", ".join([method, *cuts, f"{metrics['share']:.1%} of the pixels are foreground"])
