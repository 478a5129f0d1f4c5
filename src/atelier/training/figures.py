"""Figures of a training and of its network's mistakes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.special import softmax

from atelier.evaluation.classification import confident_mistakes, confusion_matrix
from atelier.plotting import (
    ACCENT,
    QUIET,
    WARM,
    displayed,
    hide_axes,
    house_style,
    rotate_long_names,
    set_title,
    shorten,
)
from atelier.types import Array, History, Images, Labels, Metrics

LONG_NAME = 4
"""Letters of a class's name of which two fit above an image."""


def learning_curves_figure(history: History, *, title: str) -> Figure:
    """Draws loss and accuracy by epoch, of training and validation."""
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


def confusion_figure(
    logits: Array, labels: Labels, classes: Sequence[str], *, metrics: Metrics
) -> Figure:
    """Draws confusions in percent of the true class; correct answers are left blank.

    Args:
        logits: (n, classes).
        labels: True classes, (n,).
        classes: Names of the classes.
        metrics: ``accuracy``, ``accuracy_low``, ``accuracy_high`` and ``n``, for the title.

    Returns:
        The figure.
    """
    counts = confusion_matrix(logits, labels)
    percent = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    np.fill_diagonal(percent, np.nan)
    side = max(4.2, 0.19 * len(classes) + 1.5)
    with house_style():
        figure = Figure(figsize=(side + 0.8, side))
        axes = figure.subplots()
        image = axes.imshow(percent, cmap="Reds", vmin=0)
        axes.set_facecolor("#eef2f5")
        ticks = np.arange(len(classes))
        axes.set_xticks(ticks, classes)
        axes.set_yticks(ticks, classes)
        axes.tick_params(labelsize=9 if len(classes) <= 12 else 6, length=0)
        rotate_long_names(axes, classes, longest=3)
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
    classes: Sequence[str],
    *,
    name: str,
    count: int,
    columns: int = 8,
) -> Figure:
    """Draws the most confident mistakes, each with its true class, prediction and confidence.

    Args:
        images: (n, height, width, 1 or 3) uint8.
        logits: (n, classes).
        labels: True classes, (n,).
        classes: Names of the classes.
        name: Of the data, for the title.
        count: Mistakes that are drawn, at most.
        columns: Images in a row.

    Returns:
        The figure.
    """
    positions = confident_mistakes(logits, labels, count=count)
    rows = max(1, -(-len(positions) // columns))
    confidence = softmax(logits[positions], axis=1).max(axis=1)
    mistakes = int((logits.argmax(axis=1) != labels).sum())
    title = f"{name}: the most confident of {mistakes} mistakes in {len(labels):,} test images"
    is_long = max(map(len, classes)) > LONG_NAME
    with house_style():
        figure = Figure(figsize=(1.05 * columns, (1.85 if is_long else 1.35) * rows + 0.4))
        set_title(figure, title)
        for axes in figure.subplots(rows, columns, squeeze=False).flat:
            hide_axes(axes)
        for axes, position, share in zip(figure.axes, positions, confidence, strict=False):
            axes.imshow(displayed(images[position]), cmap="gray", vmin=0, vmax=255)
            true, predicted = classes[labels[position]], classes[logits[position].argmax()]
            text = f"{true} read as {predicted}\n{share:.3f}"
            if is_long:
                names = (shorten(name, longest=14) for name in (true, predicted))
                text = "\nread as\n".join(names) + f"\n{share:.3f}"
            axes.set_title(text, loc="center", size=7, color=WARM)
    return figure
