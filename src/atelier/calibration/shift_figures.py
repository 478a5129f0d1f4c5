"""Figures of confidence under changed and out-of-distribution images."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.calibration.confidence import SCORES
from atelier.plotting import ACCENT, INK, QUIET, WARM, displayed, hide_axes, house_style, set_title
from atelier.types import Array

COLOURS = dict(zip(SCORES, (WARM, "#e9a23b", "#7d8b99", ACCENT, "#4c956c"), strict=True))
NAMES = dict(
    zip(SCORES, ("softmax", "temperature", "energy", "posterior", "log density"), strict=True)
)


def change_label(change: str, level: float) -> str:
    """Returns the label of a change in figures.

    Examples:
        >>> change_label("scale", 0.3), change_label("jpeg", 90), change_label("letters", 0)
        ('× 1.3', 'JPEG quality 10', 'letters')
    """
    labels = {
        "scale": f"× {1 + level:g}",
        "jpeg": f"JPEG quality {100 - level:g}",
        "fgsm": f"FGSM ε = {level:g}",
        "rotation": f"rotated by {level:g}°",
        "blur": f"blur {level:g} px",
        "noise": f"noise {level:g}",
    }
    return labels.get(change, change)


def scaling_figure(table: pd.DataFrame, image: Array, *, title: str) -> Figure:
    """Draws an image multiplied by each factor, and the confidences at that factor.

    It is figure 1 of Subramanya et al. 2017, which the post "[Now Reading] Confidence Estimation in
    Deep Neural Networks via Density Modelling" (laid.delanover.com) shows.

    Args:
        table: The accuracy table of :func:`atelier.calibration.distribution_shift.shift_tables`;
            its rows ``none`` and ``scale`` are drawn.
        image: The example, (height, width, 1 or 3) in [0, 1].
        title: Title of the figure.

    Returns:
        The figure.
    """
    rows = table[table["change"].isin(["none", "scale"])].sort_values("level")
    factors = 1 + rows["level"].to_numpy()
    with house_style():
        figure = Figure(figsize=(9.4, 4.6))
        set_title(figure, title)
        above, below = np.asarray(figure.subfigures(2, 1, height_ratios=[1, 2]))
        for axes, factor in zip(above.subplots(1, len(factors)), factors, strict=True):
            axes.imshow(brightened(image, factor, factors.max()), cmap="gray", vmin=0, vmax=1)
            axes.set_title(f"× {factor:g}", loc="center", size=8)
            hide_axes(axes)
        first, second, third = below.subplots(1, 3)
        for name in ("softmax", "temperature", "posterior"):
            first.plot(
                factors, rows[name], "o-", color=COLOURS[name], label=NAMES[name], markersize=4
            )
        reach = _reach(rows, "accuracy")
        first.errorbar(
            factors, rows["accuracy"], reach, fmt="s--", color=INK, label="accuracy", markersize=4
        )
        first.set(xlabel="factor", title="mean confidence")
        below.legend(*first.get_legend_handles_labels(), ncols=4, loc="outside lower left")
        second.plot(factors, rows["log_density"], "o-", color=COLOURS["log_density"], markersize=4)
        second.set(xlabel="factor", title="mean log density, nats")
        reach = _reach(rows, "rejected")
        third.errorbar(
            factors, 100 * rows["rejected"], 100 * reach, fmt="o-", color=INK, markersize=4
        )
        third.set(xlabel="factor", title="rejected, %", ylim=(0, 103))
    return figure


def brightened(image: Array, factor: float, white: float) -> Array:
    """Returns an image times a factor as matplotlib takes it, in [0, 1] where ``white`` is 1.

    Args:
        image: (height, width, 1 or 3) in [0, 1].
        factor: At least 0.
        white: Value that is drawn white.

    Returns:
        (height, width) or (height, width, 3).
    """
    return displayed(np.clip(image * factor / white, 0, 1))


def _reach(rows: pd.DataFrame, name: str) -> Array:
    """Returns the distances of a column from the limits of its interval, (2, rows)."""
    return np.abs(rows[[f"{name}_low", f"{name}_high"]].to_numpy().T - rows[name].to_numpy())


def detection_figure(
    accuracy_table: pd.DataFrame, detection_table: pd.DataFrame, *, title: str
) -> Figure:
    """Draws the AUROC of every score for every change, beside accuracy and the share rejected.

    Args:
        accuracy_table: From :func:`atelier.calibration.distribution_shift.shift_tables`.
        detection_table: From the same.
        title: Title of the figure.

    Returns:
        The figure, a row for each change and level.
    """
    changes = zip(detection_table["change"], detection_table["level"], strict=True)
    keys = list(dict.fromkeys(changes))
    cells: Any = detection_table.set_index(["change", "level", "score"])
    by_change: Any = accuracy_table.set_index(["change", "level"])
    area = np.array([[cells.loc[(*key, score), "auroc"] for score in SCORES] for key in keys])
    with house_style():
        figure = Figure(figsize=(9.2, 0.27 * len(keys) + 1.5))
        set_title(figure, title)
        axes = figure.subplots()
        axes.imshow(area, cmap="RdYlBu", vmin=0, vmax=1, aspect="auto", alpha=0.6)
        for row, key in enumerate(keys):
            for column, score in enumerate(SCORES):
                cell = cells.loc[(*key, score)]
                text = f"{cell['auroc']:.2f} [{cell['auroc_low']:.2f}, {cell['auroc_high']:.2f}]"
                axes.text(column, row, text, ha="center", va="center", size=7)
            accuracy = by_change.loc[key, "accuracy"]
            text = "–" if np.isnan(accuracy) else f"{accuracy:.3f}"
            axes.text(len(SCORES) - 0.1, row, text, ha="center", va="center", size=7)
            axes.text(
                len(SCORES) + 0.7, row, f"{by_change.loc[key, 'rejected']:.3f}",
                ha="center", va="center", size=7, color=QUIET if accuracy > 0.9 else INK,
            )  # fmt: skip
        axes.set_xlim(-0.5, len(SCORES) + 1.1)
        axes.set_yticks(np.arange(len(keys)), [change_label(*key) for key in keys])
        columns = [NAMES[score] for score in SCORES] + ["accuracy", "rejected"]
        positions = [*range(len(SCORES)), len(SCORES) - 0.1, len(SCORES) + 0.7]
        axes.set_xticks(positions, columns)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    return figure
