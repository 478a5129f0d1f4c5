"""Figures of mixtures of Gaussians."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.ticker import MaxNLocator

from atelier.clustering.colours import (
    ColourClusters,
    colour_channels,
    components_with_least_bic,
    informative_columns,
)
from atelier.clustering.em import MixtureStep
from atelier.clustering.experiments import LabelledPoints
from atelier.clustering.mixture import GaussianMixture
from atelier.plotting import (
    ACCENT,
    INK,
    QUIET,
    WARM,
    hide_axes,
    house_style,
    rasterize_frames,
    set_title,
)
from atelier.types import Animation, Array

COLOURS = (
    "#2f6690", "#d1495b", "#4c956c", "#e9a23b", "#7d5ba6",
    "#3aafa9", "#9a6324", "#e377c2", "#5b7c99", "#808000",
)  # fmt: skip
SECONDS = 0.5
"""Duration of a frame of an animation."""


def _draw_step(axes: Axes, points: Array, step: MixtureStep, title: str) -> None:
    """Draws points coloured by responsibility, and each Gaussian as its 2σ ellipse."""
    mixture = GaussianMixture(*step, history=np.zeros(1), converged=False, floored=False)
    palette = np.array([_rgb(colour) for colour in COLOURS])[: len(step.weights)]
    shades = mixture.responsibilities(points) @ palette
    axes.scatter(points[:, 0], points[:, 1], c=np.clip(shades, 0, 1), s=4, linewidths=0)
    for mean, covariance, colour in zip(step.means, step.covariances, COLOURS, strict=False):
        values, vectors = np.linalg.eigh(covariance)
        angle = float(np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1])))
        long, short = 4 * np.sqrt(values[1]), 4 * np.sqrt(values[0])
        axes.add_patch(
            Ellipse((mean[0], mean[1]), long, short, angle=angle, fill=False, ec=colour, lw=1.6)
        )
        axes.plot(*mean, "o", color=colour, markeredgecolor="white", markersize=6)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.06 * (high - low)
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    axes.set_title(title, size=9)
    axes.set_aspect("equal")
    axes.set(xticks=[], yticks=[])


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def em_steps_figure(
    cloud: LabelledPoints, trace: Sequence[MixtureStep], iterations: Sequence[int], *, title: str
) -> Figure:
    """Draws the true clusters, and the mixture of EM after chosen iterations.

    Args:
        cloud: Points with their true clusters.
        trace: The mixture after each iteration.
        iterations: Iterations to draw; those beyond the trace are left out.
        title: Title of the figure.

    Returns:
        The figure.
    """
    iterations = [iteration for iteration in iterations if iteration < len(trace)]
    columns = 4
    rows = -(-(len(iterations) + 1) // columns)
    with house_style():
        figure = Figure(figsize=(2.4 * columns, 2.5 * rows + 0.3))
        set_title(figure, title)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        first = panels[0]
        first.scatter(
            cloud.points[:, 0],
            cloud.points[:, 1],
            c=[COLOURS[k] for k in cloud.truth],
            s=4,
            linewidths=0,
        )
        first.set_title("true clusters", size=9)
        first.set_aspect("equal")
        first.set(xticks=[], yticks=[])
        for panel, iteration in zip(panels[1:], iterations, strict=False):
            step = trace[iteration]
            label = f"iteration {iteration}: {step.log_likelihood:,.0f}"
            _draw_step(panel, cloud.points, step, label)
        for panel in panels[len(iterations) + 1 :]:
            hide_axes(panel)
    return figure


def em_steps_animation(cloud: LabelledPoints, trace: Sequence[MixtureStep]) -> Animation:
    """Draws every iteration of EM as a frame of an animation."""
    with house_style():
        figure = Figure(figsize=(4, 4.2), dpi=80)
        axes = figure.subplots()

        def draw(iteration: int) -> None:
            step = trace[iteration]
            axes.clear()
            label = f"iteration {iteration}, log-likelihood {step.log_likelihood:,.1f}"
            _draw_step(axes, cloud.points, step, label)

        return Animation(rasterize_frames(figure, draw, len(trace)), SECONDS)


def initialisations_figure(
    table: pd.DataFrame, shares: Mapping[str, float], *, title: str
) -> Figure:
    """Draws a histogram of the final log-likelihoods for each initialisation.

    Args:
        table: What ``initialisation_table`` returns.
        shares: Share of the starts that reach the best likelihood, by initialisation.
        title: Title of the figure.

    Returns:
        The figure.
    """
    sound = table[~table["collapsed"]]
    low, high = np.quantile(sound["log_likelihood"].to_numpy(), (0.02, 1.0))
    margin = 0.04 * max(high - low, 1e-9)
    with house_style():
        figure = Figure(figsize=(7.5, 3.0))
        set_title(figure, title)
        panels = figure.subplots(1, len(shares), sharey=True)
        bins = np.linspace(low - margin, high + margin, 40)
        for panel, (init, share), colour in zip(
            np.atleast_1d(panels), shares.items(), (WARM, ACCENT), strict=False
        ):
            starts = table[table["init"] == init]
            panel.hist(starts["log_likelihood"].clip(low, high), bins, color=colour)
            panel.xaxis.set_major_locator(MaxNLocator(4))
            collapsed = int(starts["collapsed"].sum())
            panel.set_title(f"{init}: {share:.0%} reach the best likelihood", size=9)
            panel.set_xlabel(f"final log-likelihood ({len(starts)} starts, {collapsed} collapsed)")
        np.atleast_1d(panels)[0].set_ylabel("starts")
    return figure


def colour_clusters_figure(image: Array, clustered: ColourClusters, *, title: str) -> Figure:
    """Draws an image, its clusters in their mean colours, their entropy, and the BIC.

    If the mixture has one dimension, the histogram with the Gaussians is drawn as well.

    Args:
        image: The clustered image, as :func:`colour_channels` takes it.
        clustered: Its clusters.
        title: Title of the figure.

    Returns:
        The figure.
    """
    colours = colour_channels(image)
    white = _white(image)
    layout: list[Any] = [["picture", "clusters"], ["entropy", "bic"]]
    one_dimension = clustered.mixture.means.shape[1] == 1
    if one_dimension:
        layout.append(["histogram", "histogram"])
    with house_style():
        figure = Figure(figsize=(9, 2.8 * len(layout)))
        set_title(figure, title)
        panels = figure.subplot_mosaic(layout)
        panels["picture"].imshow(_as_rgb(colours, white))
        panels["picture"].set_title("picture")
        means = _as_rgb(clustered.colours, white)
        palette, top = ListedColormap(means.tolist()), len(means) - 0.5
        panels["clusters"].imshow(
            clustered.labels, cmap=palette, vmin=-0.5, vmax=top, interpolation="nearest"
        )
        number = "1 cluster" if len(means) == 1 else f"{len(means)} clusters, each"
        panels["clusters"].set_title(f"{number} in its mean colour")
        _draw_entropy(figure, panels["entropy"], clustered.entropy)
        for name in ("picture", "clusters", "entropy"):
            hide_axes(panels[name])
        _draw_bic(panels["bic"], clustered.table)
        if one_dimension:
            _draw_histogram(panels["histogram"], colours, clustered)
    return figure


def colour_clusters_title(clusters: ColourClusters, covariance: str) -> str:
    """Returns the number of pixels, the feature, and the form of the covariances."""
    pixels = clusters.labels.size
    unit = "pixels" if pixels > 1 else "pixel"
    feature = "grey value" if clusters.colours.shape[1] == 1 else "colour"
    return f"{pixels:,} {unit} by {feature}, {covariance} covariances"


def _white(image: Array) -> float:
    """Returns the value that is drawn as white."""
    if image.dtype == np.uint8:
        return 255.0
    return max(float(image.max()), 1.0)


def _as_rgb(colours: Array, white: float) -> Array:
    """Returns colours in [0, 1] with three channels."""
    scaled = np.clip(colours / white, 0, 1)
    return np.repeat(scaled, 3, axis=-1) if scaled.shape[-1] == 1 else scaled


def _draw_entropy(figure: Figure, axes: Axes, entropy: Array) -> None:
    top = max(float(entropy.max()), 1e-3)
    image = axes.imshow(entropy, cmap="magma", vmin=0, vmax=top)
    axes.set_title("entropy of the responsibilities, bits")
    figure.colorbar(image, ax=axes, shrink=0.8)


def _draw_bic(axes: Axes, table: pd.DataFrame) -> None:
    axes.plot(table["components"], table["icl"] / 1e3, "s--", color=ACCENT, label="ICL")
    axes.plot(table["components"], table["bic"] / 1e3, "o-", color=QUIET, label="BIC")
    axes.plot(components_with_least_bic(table), table["bic"].min() / 1e3, "o", color=WARM)
    floored = table[table["floored"]]
    if len(floored):
        axes.plot(floored["components"], floored["bic"] / 1e3, "o", color="white", markersize=3)
    hollow = " (hollow: a component is on the variance floor)" if len(floored) else ""
    axes.set(xlabel=f"components{hollow}", ylabel="criterion, thousands")
    axes.set_title(_bic_title(table), color=INK)
    axes.set_xticks(table["components"])
    axes.legend(loc="best")


def _draw_histogram(axes: Axes, colours: Array, clustered: ColourClusters) -> None:
    """Draws the histogram of the channel that varies, and each Gaussian times its weight."""
    flat = colours.reshape(-1, colours.shape[-1]).astype(np.float64)
    values = flat[:, informative_columns(flat)[0]]
    low, high = float(values.min()), float(values.max())
    whole = colours.dtype.kind in "bui" and high - low < 256
    margin = 0.5 if whole or low == high else 0.0
    low, high = low - margin, high + margin
    bins = round(high - low) if whole else 128
    axes.hist(values, bins=bins, range=(low, high), density=True, color=QUIET)
    top = axes.get_ylim()[1]
    grid = np.linspace(low, high, 1024)
    densities = np.exp(clustered.mixture.log_joint(grid)).T
    for density, colour in zip(densities, cycle(COLOURS), strict=False):
        axes.plot(grid, density, color=colour)
    axes.set(xlabel="value", ylabel="density", ylim=(0, top), xlim=(grid[0], grid[-1]))
    axes.set_title("values of the pixels, and the Gaussians times their weights")


def _bic_title(table: pd.DataFrame) -> str:
    best = components_with_least_bic(table)
    if len(table) == 1:
        return f"components: {best}"
    if best == table["components"].max():
        return f"BIC least at {best}, the largest number tried"
    return f"BIC least at {best}"
