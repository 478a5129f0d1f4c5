"""The figure of a promotion."""

import pandas as pd
from matplotlib.figure import Figure

from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title

COLOURS = {"better": ACCENT, "no worse": QUIET, "may be worse": WARM}


def gains_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Draws the gain by each measure with its interval, and the margin as a grey band.

    Args:
        table: From :func:`atelier.promotion.comparison.compare_models`.
        title: Title of the figure.

    Returns:
        The figure, a panel for each measure.
    """
    with house_style():
        figure = Figure(figsize=(9.5, 2.4))
        set_title(figure, title)
        panels = figure.subplots(1, len(table))
        for panel, row in zip(panels, table.to_dict("records"), strict=True):
            colour = COLOURS[row["verdict"]]
            panel.axvspan(-row["margin"], 0, color=QUIET, alpha=0.2, lw=0)
            panel.axvline(0, color=INK, lw=0.8)
            panel.plot([row["low"], row["high"]], [0, 0], color=colour, lw=3)
            panel.plot(row["gain"], 0, "o", color=colour, ms=8)
            reach = 1.2 * max(abs(row["low"]), abs(row["high"]), row["margin"])
            panel.set(xlim=(-reach, reach), yticks=(), xlabel=f"gain in {row['measure']}")
            panel.set_title(
                f"{row['verdict']}: {row['challenger']:.3g} vs. {row['champion']:.3g}", size=8
            )
            panel.locator_params(axis="x", nbins=5)
        return figure
