"""Summarizes a study in sentences."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from atelier.sweep.analysis import Z
from atelier.sweep.arms import arm_columns, is_rate_free
from atelier.sweep.collapse import MIN_TRAININGS

NAMES = {
    "adam": "Adam",
    "adadelta": "Adadelta",
    "adagrad": "Adagrad",
    "sgd": "SGD",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "nadam": "Nadam",
    "momentum": "Momentum",
    "lion": "Lion",
    "schedule_free_adamw": "Schedule-free AdamW",
    "muon": "Muon",
    "l_dog": "L-DoG",
}
"""Names of the optimizers for texts and figures; others are called as they are registered."""
SCHEDULE_NAMES = {"one_cycle": "one cycle", "linear": "linear decay"}
"""Names of the schedules for texts and figures; the constant one is not mentioned."""

COMPARISONS = {
    "at equal rates": "at equal learning rates",
    "at own best": "each arm at its best learning rate",
}
"""Phrases for the comparisons of :func:`atelier.sweep.dropout_effect`."""

Row = Mapping[str, Any]
"""A row of the table of best rates, by column."""


def summarize_study(
    best: pd.DataFrame, effect: pd.DataFrame, collapse: pd.DataFrame, *, test_images: int
) -> str:
    """Summarizes the best arms, dropout's effect and collapses in a list of sentences.

    Where an arm has one seed, no sentence compares arms: the accuracies are described, and the
    first sentence says that they cannot be told from luck.

    Args:
        best: From :func:`atelier.sweep.best_learning_rates`.
        effect: From :func:`atelier.sweep.dropout_effect`.
        collapse: From :func:`atelier.sweep.collapse_probability`.
        test_images: Number of images of the test split.

    Returns:
        A Markdown list.

    Examples:
        >>> import pandas as pd
        >>> best = {"optimizer": "sgd", "dropout": 0.0, "best_rate": 0.01, "test_accuracy": 0.9}
        >>> best |= {"low": 0.88, "high": 0.92, "plateau_decades": 1.0, "edge": ""}
        >>> best = pd.DataFrame([best | {"seeds": 3, "deviation": 0.004}])
        >>> effect = collapse = pd.DataFrame(columns=["comparison", "trainings"])
        >>> print(summarize_study(best, effect, collapse, test_images=1000))
        - SGD without dropout is the most accurate: 90.0% (88.0% to 92.0%, n = 1,000 test images)...
        - Chance: the accuracy at the best rate has a standard deviation over seeds of 0.4 points...
        - SGD without dropout has the widest plateau: 1.0 decades of learning rates lose at most...
        <BLANKLINE>
        >>> print(summarize_study(best.assign(seeds=1), effect, collapse, test_images=1000))
        - One seed: the differences between the arms rest on one training of each and cannot be...
        - SGD without dropout: 90.0% (88.0% to 92.0%, n = 1,000 test images) at rate 0.01...
        <BLANKLINE>
    """
    repeated = bool((best["seeds"] > 1).all())
    arms = _compared(best, test_images) if repeated else _described(best, test_images)
    rates = [*_edges(best), *_rate_free(best)]
    lines = [*arms, *rates, *_effects(effect, repeated=repeated), *_collapses(collapse)]
    return "\n".join(f"- {line}" for line in lines if line) + "\n"


def arm_name(row: Row) -> str:
    """Names an arm of the study.

    Examples:
        >>> arm_name({"optimizer": "sgd", "dropout": 0.5})
        'SGD with dropout 0.5'
    """
    dropout = f"with dropout {row['dropout']:g}" if row["dropout"] else "without dropout"
    return f"{optimizer_name(row)} {dropout}"


def optimizer_name(row: Row) -> str:
    """Names the optimizer of an arm, with its schedule and weight decay if these are axes.

    Examples:
        >>> optimizer_name({"optimizer": "adamw", "schedule": "linear", "weight_decay": 0.1})
        'AdamW, linear decay, weight decay 0.1'
    """
    schedule = row.get("schedule", "constant")
    schedules = [] if schedule == "constant" else [SCHEDULE_NAMES.get(schedule, str(schedule))]
    decays = [f"weight decay {row['weight_decay']:g}"] if "weight_decay" in row else []
    name = NAMES.get(row["optimizer"], str(row["optimizer"]))
    return ", ".join([name, *schedules, *decays])


def _described(best: pd.DataFrame, images: int) -> list[str]:
    """Describes each arm without a comparison."""
    reason = (
        "One seed: the differences between the arms rest on one training of each and cannot be "
        "told from luck, so no arm is called the most accurate. More `seeds` in the plan separate "
        "the two."
    )
    return [reason] + [
        f"{arm_name(row)}: {_accuracy(row, images)}.{_plateau(row)}" for row in _rows(best)
    ]


def _plateau(row: Row) -> str:
    if is_rate_free(row["optimizer"]):
        return ""
    return (
        f" {row['plateau_decades']:.1f} decades of learning rates lose at most one percentage "
        "point."
    )


def _rate_free(best: pd.DataFrame) -> list[str]:
    """States at which share of its rates each arm is below the best arm without a rate."""
    if "below_rate_free" not in best or best["below_rate_free"].isna().all():
        return []
    shares = [
        f"{row['below_rate_free']:.0%} ({arm_name(row)})"
        for row in _rows(best[best["below_rate_free"].notna()])
    ]
    return [
        "The share of an arm's learning rates at which it is less accurate than the method "
        f"without a rate: {_listed(shares)}."
    ]


def _compared(best: pd.DataFrame, images: int) -> list[str]:
    ranked = _rows(best.sort_values("test_accuracy", ascending=False))
    return [_winner(ranked, images), _chance(ranked), _widest(best)]


def _winner(ranked: list[Row], images: int) -> str:
    first, *others = ranked
    equals = [arm_name(row) for row in others if row["high"] >= first["low"]]
    overlap = f" Its interval overlaps with that of {_listed(equals)}." if equals else ""
    return f"{arm_name(first)} is the most accurate: {_accuracy(first, images)}.{overlap}"


def _accuracy(row: Row, images: int) -> str:
    return (
        f"{row['test_accuracy']:.1%} ({row['low']:.1%} to {row['high']:.1%}, n = {images:,} test "
        f"images) {_rate(row)}"
    )


def _rate(row: Row) -> str:
    if is_rate_free(row["optimizer"]):
        return "without a learning rate"
    return f"at rate {row['best_rate']:.2g}"


def _chance(ranked: list[Row]) -> str:
    """States the standard deviations over seeds, and whether the lead exceeds chance."""
    deviations = [
        f"{row['deviation'] * 100:.1f} points ({arm_name(row)}, {row['seeds']} seeds)"
        for row in ranked
    ]
    text = (
        "Chance: the accuracy at the best rate has a standard deviation over seeds of "
        f"{_listed(deviations)}."
    )
    if len(ranked) == 1:
        return text
    first, second = ranked[:2]
    lead = first["test_accuracy"] - second["test_accuracy"]
    error = np.sqrt(sum(row["deviation"] ** 2 / row["seeds"] for row in (first, second)))
    relation = "more" if lead > Z * error else "not more"
    return (
        f"{text} The lead of {arm_name(first)} over {arm_name(second)}, {lead * 100:.1f} points, "
        f"is {relation} than chance: {Z} standard errors over seeds are {Z * error * 100:.1f}."
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


def _effects(effect: pd.DataFrame, *, repeated: bool) -> Iterable[str]:
    subject = "Effect of dropout on the accuracy" if repeated else "With dropout minus without"
    seeds = "" if repeated else ", as a description of one seed"
    for comparison, rows in effect.groupby("comparison", sort=False):
        changes = [
            f"{optimizer_name(row)} {row['effect'] * 100:+.1f} "
            f"({row['low'] * 100:+.1f} to {row['high'] * 100:+.1f})"
            for row in _rows(rows)
        ]
        yield (
            f"{subject}, {COMPARISONS[str(comparison)]}, in percentage points{seeds}: "
            f"{', '.join(changes)}."
        )


def _collapses(collapse: pd.DataFrame) -> list[str]:
    """States for each arm the lowest rate at which half of the trainings or more collapse."""
    enough = collapse[collapse["trainings"] >= MIN_TRAININGS]
    if enough.empty:
        return []
    half = enough[enough["collapsed"] >= 0.5].sort_values("learning_rate")
    return [_collapse(row) for row in _rows(half.drop_duplicates(arm_columns(half)).sort_index())]


def _collapse(row: Row) -> str:
    rates = f" of {row['rates']} rates within a tenth of a decade" if row["rates"] > 1 else ""
    seeds = f", {row['seeds']} seeds)." if row["seeds"] > 1 else ", one seed: another may differ)."
    return (
        f"{arm_name(row)} collapses (accuracy below half of its best) at rate "
        f"{row['learning_rate']:.2g} with probability {row['collapsed']:.0%} "
        f"({row['low']:.0%} to {row['high']:.0%}, n = {row['trainings']} trainings{rates}{seeds}"
    )


def _rows(table: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _listed(words: list[str]) -> str:
    """Joins words by commas and a last "and"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
