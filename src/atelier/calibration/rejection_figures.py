"""Figure of rejection: risk at each coverage by every score, and the areas."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from atelier.calibration.mistake_figures import NAMES
from atelier.calibration.rejection import risk_coverage
from atelier.calibration.rejection_study import CALIBRATED, ScoredSplit
from atelier.plotting import ACCENT, INK, QUIET, WARM, house_style, set_title

COLOURS = (WARM, "#e9a23b", ACCENT, "#81b29a", "#9d79bc", "#4c956c", "#7d8b99", "#b56576")
STYLES = ("-", "--", ":")
LEAST_ACCEPTED = 20
"""Fewest accepted samples whose risk is drawn."""


def score_title(name: str) -> str:
    """Returns the title of a score in figures.

    Examples:
        >>> score_title("log_density"), score_title("max_logit")
        ('log density', 'max logit')
    """
    return (NAMES | {CALIBRATED: "chosen calibrator"}).get(name, name.replace("_", " "))


def risk_coverage_figure(table: pd.DataFrame, test: ScoredSplit, *, title: str) -> Figure:
    """Draws the risk of the accepted samples at each coverage, and AUGRC of each score.

    Args:
        table: From :func:`atelier.calibration.rejection_study.rejection_table`.
        test: The scores of the table.
        title: Title of the figure.

    Returns:
        The figure; a point on a curve marks what its threshold of guaranteed risk accepts.
    """
    colours = dict(zip(table["score"], cycle(COLOURS), strict=False))
    with house_style():
        figure = Figure(figsize=(9.4, 0.16 * len(table) + 3.0))
        set_title(figure, title)
        curves, areas = figure.subplots(1, 2, width_ratios=[3, 2])
        _draw_curves(curves, table, test, colours)
        _draw_areas(areas, table, colours)
    return figure


def _draw_curves(
    axes: Axes, table: pd.DataFrame, test: ScoredSplit, colours: dict[str, str]
) -> None:
    for index, row in enumerate(table.to_dict("records")):
        name = row["score"]
        curve = risk_coverage(test.scores[name], test.wrong)
        drawn = curve.coverage * len(test.wrong) >= LEAST_ACCEPTED
        style = STYLES[index // len(COLOURS) % len(STYLES)]
        axes.plot(
            curve.coverage[drawn], curve.risk[drawn], style, color=colours[name], linewidth=1.2
        )
        if row["coverage"] > 0:
            axes.plot(row["coverage"], row["risk"], "o", color=colours[name], ms=4, clip_on=False)
    stated = float(table["stated_risk"].iloc[0])
    axes.axhline(stated, color=INK, linestyle=":", linewidth=1)
    axes.annotate(
        f"stated risk {stated:.3g}", (0.01, stated), color=INK, size=8,
        xytext=(0, 2), textcoords="offset points",
    )  # fmt: skip
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    axes.set(
        title="Risk of the accepted; points: guaranteed threshold", xlabel="coverage",
        ylabel="wrong among accepted", xlim=(0, 1.02), ylim=(0, None),
    )  # fmt: skip


def _draw_areas(axes: Axes, table: pd.DataFrame, colours: dict[str, str]) -> None:
    for row, record in enumerate(table.to_dict("records")):
        value = 1000 * record["augrc"]
        reach = np.abs(1000 * np.array([[record["augrc_low"]], [record["augrc_high"]]]) - value)
        axes.errorbar(
            value, row, xerr=reach, fmt="o", color=colours[record["score"]], capsize=3, ms=4
        )
    best = 1000 * float((table["augrc"] - table["excess_augrc"]).iloc[0])
    axes.axvline(best, color=QUIET, linestyle="--", linewidth=0.9)
    axes.set_yticks(np.arange(len(table)), [score_title(name) for name in table["score"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlim(0, None)
    axes.set(title="AUGRC × 1000", xlabel="95 % interval; dashed: best possible")
