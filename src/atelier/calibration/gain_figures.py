"""Figure of what each calibrator gains in a proper score, beside its calibration error."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from atelier.calibration.figures import method_title
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title

UNCALIBRATED = "uncalibrated"
WIDEST = 1.5
"""How many times as far as the best gain the axis reaches to the left."""
SMALLEST_GAIN = 1e-4
"""Half the width of the axis, in nats, where no method gains anything."""


def gain_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Draws the decrease of the log loss of each method, the best one on top, beside its ECE.

    Args:
        table: From :func:`atelier.calibration.calibration_table`.
        title: Title of the figure.

    Returns:
        The figure: values with 95 % intervals. A gain far below 0 stands at the left edge as text.
    """
    ranked = table.sort_values("nll_gain", ascending=False, kind="stable")
    with house_style():
        figure = Figure(figsize=(8.6, 0.3 * len(ranked) + 1.6))
        set_title(figure, title)
        figure.set_layout_engine("constrained", wspace=0.08)
        gains, errors = figure.subplots(1, 2, sharey=True)
        _draw_gains(gains, ranked)
        _draw_intervals(errors, ranked, "ece", WARM)
        errors.set(xlabel="ECE, 95 % interval", xlim=(0, None))
        errors.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        before = table.loc[table["method"] == UNCALIBRATED, "ece"]
        for value in before:
            errors.axvline(value, color=QUIET, linestyle="--", linewidth=0.9)
        gains.set_yticks(np.arange(len(ranked)), [method_title(m) for m in ranked["method"]])
        gains.set_ylim(len(ranked) - 0.5, -0.5)
    return figure


def _draw_gains(axes: Axes, table: pd.DataFrame) -> None:
    reach = max(float(table["nll_gain_high"].max()), SMALLEST_GAIN)
    left = max(float(table["nll_gain_low"].min()), -WIDEST * reach)
    axes.axvline(0, color=QUIET, linestyle="--", linewidth=0.9)
    _draw_intervals(axes, table, "nll_gain", ACCENT)
    margin = 0.05 * (reach - left)
    for row, gain in enumerate(table["nll_gain"]):
        if gain < left:
            text = f"◀ {gain:.3g}".replace("-", "−")
            box = {"facecolor": axes.get_facecolor(), "edgecolor": "none", "pad": 2}
            axes.text(left, row, text, va="center", size=8, color=INK, bbox=box)
    axes.set_xlim(min(left, 0) - margin, reach + margin)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.set_xlabel("decrease of the log loss, nats, 95 % interval")


def _draw_intervals(axes: Axes, table: pd.DataFrame, name: str, colour: str) -> None:
    values = table[name].to_numpy()
    limits = table[[f"{name}_low", f"{name}_high"]].to_numpy()
    reach = np.abs(limits - values[:, None]).T
    axes.errorbar(
        values, np.arange(len(table)), xerr=reach, fmt="o", color=colour, capsize=3, markersize=5
    )
