"""The figure of out-of-distribution detection: scores × sets of images."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from atelier.out_of_distribution.images import GROUPS
from atelier.out_of_distribution.tables import MEAN
from atelier.plotting import INK, house_style, set_title

LABELS = {
    "softmax": "softmax",
    "temperature": "softmax at T",
    "max_logit": "largest logit",
    "energy": "energy",
    "entropy": "entropy",
    "gen": "GEN",
    "kl_matching": "KL matching",
    "posterior": "posterior (Gaussians)",
    "log_density": "log density (Gaussians)",
    "mahalanobis": "Mahalanobis",
    "mahalanobis_plus": "Mahalanobis++",
    "relative_mahalanobis": "relative Mahalanobis",
    "knn": "KNN",
    "residual": "residual",
    "vim": "ViM",
    "she": "SHE",
    "fdbd": "fDBD",
    "nnguide": "NNGuide",
    "react": "ReAct",
    "ash_s": "ASH-S",
    "scale": "SCALE",
}
"""What figures call each score."""
EMPHASIZED = ("posterior", "log_density")
"""The scores of Subramanya et al. 2017, which stand in bold."""


def score_figure(table: pd.DataFrame, *, title: str) -> Figure:
    """Draws the AUROC of every score for every set, grouped, best score for near images first.

    Args:
        table: From :func:`atelier.out_of_distribution.tables.seed_table`.
        title: Title of the figure.

    Returns:
        The figure: each cell has the mean over networks and half the length of its 95 % interval
        over seeds.
    """
    columns = list(dict.fromkeys(zip(table["group"], table["set"], strict=True)))
    cells: Any = table.set_index(["group", "set", "score"]).sort_index()
    first = next(group for group in GROUPS if (group, MEAN) in columns)
    order = cells.loc[(first, MEAN)]["auroc"].sort_values(ascending=False, kind="stable").index
    area = np.array(
        [[cells.loc[(*column, score), "auroc"] for column in columns] for score in order]
    )
    with house_style():
        figure = Figure(figsize=(2.2 + 0.78 * len(columns), 1.9 + 0.26 * len(order)))
        set_title(figure, title)
        axes = figure.subplots()
        axes.imshow(area, cmap="RdYlBu", vmin=0, vmax=1, aspect="auto", alpha=0.6)
        for row, score in enumerate(order):
            for column, key in enumerate(columns):
                axes.text(
                    column, row, cell_text(cells.loc[(*key, score)]), ha="center", va="center",
                    size=7, color=INK, weight="bold" if key[1] == MEAN else "normal",
                )  # fmt: skip
        axes.set_yticks(np.arange(len(order)), [LABELS.get(score, score) for score in order])
        for tick, score in zip(axes.get_yticklabels(), order, strict=True):
            tick.set_fontweight("bold" if score in EMPHASIZED else "normal")
        axes.set_xticks(np.arange(len(columns)), [_column_label(*key) for key in columns])
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        for column in range(1, len(columns)):
            if columns[column][0] != columns[column - 1][0]:
                axes.axvline(column - 0.5, color="white", linewidth=4)
    return figure


def cell_text(cell: Any) -> str:
    """Returns the mean AUROC of a row of the table, and the reach of its interval over seeds.

    Examples:
        >>> cell_text({"auroc": 0.9, "auroc_low": 0.85, "auroc_high": 0.95})
        '.900 ± .05'
        >>> cell_text({"auroc": 1.0, "auroc_low": float("nan"), "auroc_high": float("nan")})
        '1.000'
    """
    mean = f"{cell['auroc']:.3f}".removeprefix("0")
    reach = max(cell["auroc_high"] - cell["auroc"], cell["auroc"] - cell["auroc_low"])
    return mean if np.isnan(reach) else f"{mean} ± {f'{reach:.2f}'.removeprefix('0')}"


def _column_label(group: str, name: str) -> str:
    if name == MEAN:
        return f"{group}\nmean"
    return name.replace("_", "\n").replace("-", "-\n")
