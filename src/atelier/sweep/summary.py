"""Summarizes a study in sentences."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

NAMES = {"adam": "Adam", "adadelta": "Adadelta", "adagrad": "Adagrad", "sgd": "SGD"}
"""Names of the optimizers for texts and figures."""

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
    return f"{NAMES[row['optimizer']]} {dropout}"


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
        return "On this grid every other rate loses more than one point, whatever the optimizer."
    arms = [arm_name(row) for row in _rows(best) if row["plateau_decades"] > width - 1e-9]
    forgives = "forgives" if len(arms) == 1 else "forgive"
    return f"{_listed(arms)} {forgives} most: {width:.1f} decades of rates lose at most one point."


def _edges(best: pd.DataFrame) -> Iterable[str]:
    for end, towards in (("lowest", "down"), ("highest", "up")):
        arms = [arm_name(row) for row in _rows(best) if end in row["edge"]]
        if arms:
            yield (
                f"As good as best {towards} to the {end} rate tried: {_listed(arms)}. There the "
                "range, and not the optimizer, decides."
            )


def _effects(effect: pd.DataFrame) -> Iterable[str]:
    for comparison, rows in effect.groupby("comparison", sort=False):
        changes = [
            f"{NAMES[row['optimizer']]} {row['effect'] * 100:+.1f} "
            f"({row['low'] * 100:+.1f} to {row['high'] * 100:+.1f})"
            for row in _rows(rows)
        ]
        yield f"Dropout changes the accuracy, {comparison}, by points: {', '.join(changes)}."


def _rows(table: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _listed(words: list[str]) -> str:
    """Joins words by commas and a last "and"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
