"""Figures of what confidences do when the images change."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.calibration.confidence import SCORES
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.types import Array

COLOURS = dict(zip(SCORES, (WARM, "#e9a23b", "#7d8b99", ACCENT, "#4c956c"), strict=True))
NAMES = dict(
    zip(SCORES, ("softmax", "temperature", "energy", "posterior", "log density"), strict=True)
)


def change_label(change: str, level: float) -> str:
    """How a change is called: ``× 1.3``, ``JPEG quality 10``, or the name of the strangers."""
    special = {
        "scale": f"× {1 + level:g}",
        "jpeg": f"JPEG quality {100 - level:g}",
        "fgsm": f"FGSM ε = {level:g}",
        "rotation": f"turned {level:g}°",
        "blur": f"blur {level:g} px",
        "noise": f"noise {level:g}",
    }
    return special.get(change, change)


def scaling_figure(table: pd.DataFrame, pictures: Sequence[Array], *, title: str) -> Figure:
    """One image multiplied by each factor, and what it does to the confidences (the post's
    demonstration; Subramanya et al. 2017, fig. 1).

    Args:
        table: Of shift_tables; its rows ``none`` and ``scale`` are drawn.
        pictures: The image at each of those rows, (height, width).
        title: Of the figure.
    """
    rows = table[table["change"].isin(["none", "scale"])].sort_values("level")
    factors = 1 + rows["level"].to_numpy()
    with house_style():
        figure = Figure(figsize=(9.4, 4.6))
        set_title(figure, title)
        above, below = np.asarray(figure.subfigures(2, 1, height_ratios=[1, 2]))
        for axes, factor, picture in zip(
            above.subplots(1, len(factors)), factors, pictures, strict=True
        ):
            axes.imshow(picture, cmap="gray", vmin=0, vmax=factors.max())
            axes.set_title(f"× {factor:g}", loc="center", size=8)
            axes.set_axis_off()
        first, second, third = below.subplots(1, 3)
        for name in ("softmax", "temperature", "posterior"):
            first.plot(
                factors, rows[name], "o-", color=COLOURS[name], label=NAMES[name], markersize=4
            )
        reach = np.abs(
            rows[["accuracy_low", "accuracy_high"]].to_numpy().T - rows["accuracy"].to_numpy()
        )
        first.errorbar(
            factors, rows["accuracy"], reach, fmt="s--", color=INK, label="accuracy", markersize=4
        )
        first.set(xlabel="factor", title="mean confidence")
        below.legend(*first.get_legend_handles_labels(), ncols=4, loc="outside lower left")
        second.plot(factors, rows["log_density"], "o-", color=COLOURS["log_density"], markersize=4)
        second.set(xlabel="factor", title="mean log density, nats")
        reach = np.abs(
            rows[["rejected_low", "rejected_high"]].to_numpy().T - rows["rejected"].to_numpy()
        )
        third.errorbar(
            factors, 100 * rows["rejected"], 100 * reach, fmt="o-", color=INK, markersize=4
        )
        third.set(xlabel="factor", title="rejected, %", ylim=(0, 103))
    return figure


def detection_figure(happened: pd.DataFrame, noticed: pd.DataFrame, *, title: str) -> Figure:
    """AUROC of every score for every change, beside the accuracy and the share rejected."""
    keys = list(dict.fromkeys(zip(noticed["change"], noticed["level"], strict=True)))
    cells: Any = noticed.set_index(["change", "level", "score"])
    rest: Any = happened.set_index(["change", "level"])
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
            accuracy = rest.loc[key, "accuracy"]
            shown = "–" if np.isnan(accuracy) else f"{accuracy:.3f}"
            axes.text(len(SCORES) - 0.1, row, shown, ha="center", va="center", size=7)
            axes.text(
                len(SCORES) + 0.7, row, f"{rest.loc[key, 'rejected']:.3f}",
                ha="center", va="center", size=7, color=QUIET if accuracy > 0.9 else INK,
            )  # fmt: skip
        axes.set_xlim(-0.5, len(SCORES) + 1.1)
        axes.set_yticks(np.arange(len(keys)), [change_label(*key) for key in keys])
        columns = [NAMES[score] for score in SCORES] + ["accuracy", "rejected"]
        places = [*range(len(SCORES)), len(SCORES) - 0.1, len(SCORES) + 0.7]
        axes.set_xticks(places, columns)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
    return figure
