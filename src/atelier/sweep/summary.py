"""Summarizes a study in sentences."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

NAMES = {"adam": "Adam", "adadelta": "Adadelta", "adagrad": "Adagrad", "sgd": "SGD"}
"""Names of the optimizers for texts and figures; others are called as they are registered."""

COMPARISONS = {
    "at equal rates": "at equal learning rates",
    "at own best": "each arm at its best learning rate",
}
"""Phrases for the comparisons of :func:`atelier.sweep.dropout_effect`."""

Row = Mapping[str, Any]
"""A row of the table of best rates, by column."""


def summarize_study(best: pd.DataFrame, effect: pd.DataFrame, *, test_images: int) -> str:
    """Summarizes the best arms and dropout's effect in a list of sentences.

    Args:
        best: From :func:`atelier.sweep.best_learning_rates`.
        effect: From :func:`atelier.sweep.dropout_effect`.
        test_images: Number of images of the test split.

    Returns:
        A Markdown list.

    Examples:
        >>> import pandas as pd
        >>> best = {"optimizer": "sgd", "dropout": 0.0, "best_rate": 0.01, "test_accuracy": 0.9}
        >>> best |= {"low": 0.88, "high": 0.92, "plateau_decades": 1.0, "edge": ""}
        >>> effect = pd.DataFrame(columns=["comparison"])
        >>> print(summarize_study(pd.DataFrame([best]), effect, test_images=1000))
        - SGD without dropout is the most accurate: 90.0% (88.0% to 92.0%, n = 1,000 test images)...
        - SGD without dropout has the widest plateau: 1.0 decades of learning rates lose at most...
        <BLANKLINE>
    """
    ranked = best.sort_values("test_accuracy", ascending=False)
    lines = [_winner(ranked, test_images), _widest(best), *_edges(best), *_effects(effect)]
    return "\n".join(f"- {line}" for line in lines if line) + "\n"


def arm_name(row: Row) -> str:
    """Names an arm of the study.

    Examples:
        >>> arm_name({"optimizer": "sgd", "dropout": 0.5})
        'SGD with dropout 0.5'
    """
    dropout = f"with dropout {row['dropout']:g}" if row["dropout"] else "without dropout"
    return f"{NAMES.get(row['optimizer'], row['optimizer'])} {dropout}"


def _winner(ranked: pd.DataFrame, images: int) -> str:
    first = _rows(ranked)[0]
    equals = [arm_name(row) for row in _rows(ranked.iloc[1:]) if row["high"] >= first["low"]]
    overlap = f" Its interval overlaps with that of {_listed(equals)}." if equals else ""
    return (
        f"{arm_name(first)} is the most accurate: {first['test_accuracy']:.1%} "
        f"({first['low']:.1%} to {first['high']:.1%}, n = {images:,} test images) at rate "
        f"{first['best_rate']:.2g}.{overlap}"
    )


def _widest(best: pd.DataFrame) -> str:
    width = float(best["plateau_decades"].max())
    if not width:
        return "With every optimizer, all rates but the best lose more than one percentage point."
    arms = [arm_name(row) for row in _rows(best) if row["plateau_decades"] > width - 1e-9]
    verb = "has" if len(arms) == 1 else "have"
    return (
        f"{_listed(arms)} {verb} the widest plateau: {width:.1f} decades of learning rates lose at "
        "most one percentage point."
    )


def _edges(best: pd.DataFrame) -> Iterable[str]:
    for end in ("lowest", "highest"):
        arms = [arm_name(row) for row in _rows(best) if end in row["edge"]]
        if arms:
            yield (
                f"The rates that are as good as the best reach the {end} rate of the grid: "
                f"{_listed(arms)}. There the grid, and not the optimizer, sets the limit."
            )


def _effects(effect: pd.DataFrame) -> Iterable[str]:
    for comparison, rows in effect.groupby("comparison", sort=False):
        changes = [
            f"{NAMES.get(row['optimizer'], row['optimizer'])} {row['effect'] * 100:+.1f} "
            f"({row['low'] * 100:+.1f} to {row['high'] * 100:+.1f})"
            for row in _rows(rows)
        ]
        yield (
            f"Effect of dropout on the accuracy, {COMPARISONS[str(comparison)]}, in percentage "
            f"points: {', '.join(changes)}."
        )


def _rows(table: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _listed(words: list[str]) -> str:
    """Joins words by commas and a last "and"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
