"""Figure of how well confidence scores tell right predictions from wrong ones."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from atelier.calibration.mistakes import MistakeStudy
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title
from atelier.types import Array

NAMES = {
    "softmax": "softmax",
    "temperature": "temperature scaling",
    "energy": "energy",
    "posterior": "posterior of the densities",
    "log_density": "log density",
}


def confident_mistakes_figure(study: MistakeStudy, *, title: str) -> Figure:
    """Draws each score's AUROC, and log densities of right and wrong predictions where known.

    Args:
        study: From :func:`atelier.calibration.study_mistakes`.
        title: Title of the figure.
    """
    panels = 1 if study.log_density is None else 2
    with house_style():
        figure = Figure(figsize=(4.6 * panels, 2.9))
        set_title(figure, title)
        axes = figure.subplots(1, panels, squeeze=False)[0]
        _draw_auroc(axes[0], study.table)
        if study.log_density is not None:
            _draw_densities(axes[1], study.log_density, study.correct, study.reject_below)
    return figure


def _draw_auroc(axes: Axes, table: pd.DataFrame) -> None:
    axes.set(title="Right from wrong predictions", xlabel="AUROC, 95 % interval", xlim=(0, 1.02))
    if table.empty:
        text = "all predictions are right,\nor all are wrong"
        axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
        axes.set_yticks([])
        return
    rows = np.arange(len(table))
    limits = table[["auroc_low", "auroc_high"]].to_numpy()
    reach = np.abs(limits - table[["auroc"]].to_numpy()).T
    axes.axvline(0.5, color=QUIET, linestyle="--", linewidth=0.9)
    axes.errorbar(table["auroc"], rows, xerr=reach, fmt="o", color=ACCENT, capsize=3)
    axes.set_yticks(rows, [NAMES[name] for name in table["score"]])
    axes.set_ylim(len(table) - 0.5, -0.5)


def _draw_densities(axes: Axes, log_density: Array, correct: Array, reject_below: float) -> None:
    low, high = np.quantile(log_density, [0.005, 1.0])
    low = min(low, reject_below)
    bins = np.linspace(low, high if high > low else low + 1, 40)
    shown = np.clip(log_density, bins[0], bins[-1])
    for rows, colour, label in ((correct, ACCENT, "right"), (~correct, WARM, "wrong")):
        if rows.any():
            share = np.full(int(rows.sum()), 1 / rows.sum())
            axes.hist(
                shown[rows], bins.tolist(), weights=share, color=colour, alpha=0.55, label=label
            )
    axes.axvline(reject_below, color=INK, linestyle=":", label="rejected below")
    axes.set(title="Log density of the logits", xlabel="log p(logits), nats", ylabel="share")
    axes.legend(loc="upper left", frameon=True)
