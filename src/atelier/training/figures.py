"""Figures of a training and of what its network gets wrong."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.special import softmax

from atelier.plotting import ACCENT, QUIET, WARM, house_style, set_title
from atelier.types import Array, History, Images, Labels, Metrics


def learning_curves_figure(history: History, *, title: str) -> Figure:
    """Loss and accuracy by epoch, training and validation."""
    epochs = np.arange(1, len(history) + 1)
    with house_style():
        figure = Figure(figsize=(7.5, 2.9))
        set_title(figure, title)
        for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            for prefix, colour, label in (("", QUIET, "training"), ("val_", ACCENT, "validation")):
                values = [row[prefix + name] for row in history]
                axes.plot(epochs, values, "o-", color=colour, label=label, markersize=3)
            axes.set(xlabel="epoch", ylabel=name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            axes.set_xlim(0.5, len(history) + 0.5)
            axes.legend()
    return figure


def confusion_figure(counts: Array, classes: Sequence[str], *, metrics: Metrics) -> Figure:
    """Confusions in percent of the true class; right answers are left blank to show the rest."""
    share = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(share, np.nan)
    side = max(4.2, 0.19 * len(classes) + 1.5)
    with house_style():
        figure = Figure(figsize=(side + 0.8, side))
        axes = figure.subplots()
        image = axes.imshow(share, cmap="Reds", vmin=0)
        axes.set_facecolor("#eef2f5")
        ticks = np.arange(len(classes))
        axes.set_xticks(ticks, classes)
        axes.set_yticks(ticks, classes)
        axes.tick_params(labelsize=9 if len(classes) <= 12 else 6, length=0)
        axes.grid(visible=False)
        accuracy = (
            f"accuracy {metrics['accuracy']:.4f} "
            f"[{metrics['accuracy_low']:.4f}, {metrics['accuracy_high']:.4f}], "
            f"n = {metrics['n']:,.0f}"
        )
        axes.set(title=accuracy, xlabel="predicted", ylabel="true")
        figure.colorbar(image, label="% of the true class", shrink=0.8)
    return figure


def mistakes_figure(
    images: Images,
    logits: Array,
    labels: Labels,
    positions: Array,
    classes: Sequence[str],
    *,
    title: str,
    columns: int = 8,
) -> Figure:
    """The images at ``positions``, each with the true class, the predicted one and how sure."""
    rows = max(1, -(-len(positions) // columns))
    confidence = softmax(logits[positions], axis=1).max(axis=1)
    with house_style():
        figure = Figure(figsize=(1.05 * columns, 1.35 * rows + 0.4))
        set_title(figure, title)
        grid = figure.subplots(rows, columns, squeeze=False).flat
        for axes in grid:
            axes.set_axis_off()
        for axes, position, sure in zip(figure.axes, positions, confidence, strict=False):
            axes.imshow(images[position, ..., 0], cmap="gray", vmin=0, vmax=255)
            true, said = classes[labels[position]], classes[logits[position].argmax()]
            axes.set_title(f"{true} read as {said}\n{sure:.3f}", loc="center", size=7, color=WARM)
    return figure
