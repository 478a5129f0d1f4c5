"""Analyzes a study's table: accuracy curves, plateaus, best rates, the effect of dropout.

A rate is selected by its accuracy on the selection split and reported with its accuracy on the
test split; accuracies are means over the seeds.
"""

from typing import Any

import numpy as np
import pandas as pd

from atelier.evaluation.intervals import wilson_interval
from atelier.sweep.arms import arm_columns, arm_key, is_rate_free
from atelier.sweep.optimizers import OPTIMIZERS
from atelier.types import Array, Metrics

PLATEAU_LOSS = 0.01
"""Accuracy below the best that still belongs to the plateau: one percentage point."""
NEIGHBOURHOOD = 0.1
"""Half width of the local fit, in decades: members within it count as repetitions."""
MIN_RELATIVE_ACCURACY = 0.5
"""Share of the best accuracy below which a member's calibration is ignored."""
Z = 1.96
"""97.5 % quantile of the normal distribution."""
TIE = 1e-9
"""Accuracies that differ by less are equal: a fitted line has rounding errors."""
MEASURES = (
    *("best_rate", "test_accuracy", "test_nll", "test_ece", "plateau_decades", "diverged"),
    "below_rate_free",
)
"""Columns of the table of best rates that are metrics."""


def accuracy_curves(table: pd.DataFrame, *, images: int) -> pd.DataFrame:
    """Computes accuracy against learning rate for each optimizer and dropout rate.

    ``low`` and ``high`` are a 95 % band for one further training that is evaluated on other test
    images: the spread between members less than a tenth of a decade away (or of other seeds)
    about their own line, and the sampling error of so many ``images``. ``selection_level`` is the
    selection accuracy on that line: one lucky training among a thousand is not a best rate.
    ``deviation`` is the standard deviation of the test accuracy over ``seeds``, NaN for one seed.

    Args:
        table: A row per member, from :func:`atelier.sweep.run_study`.
        images: Number of images of the test split.

    Returns:
        A row per optimizer, dropout rate and learning rate.

    Examples:
        >>> table = pd.DataFrame({"learning_rate": [1e-3, 1e-2, 1e-1], "seed": 0})
        >>> table = table.assign(optimizer="sgd", dropout=0.0, diverged=False)
        >>> table["selection_accuracy"] = table["test_accuracy"] = [0.5, 0.9, 0.6]
        >>> table[["train_loss", "test_nll", "test_ece"]] = 0.4, 0.4, 0.1
        >>> curves = accuracy_curves(table, images=1000)
        >>> curves[["learning_rate", "test_accuracy", "low", "high"]].round(3)
           learning_rate  test_accuracy    low   high
        0          0.001            0.5  0.469  0.531
        1          0.010            0.9  0.881  0.919
        2          0.100            0.6  0.570  0.630
    """
    columns = arm_columns(table)
    rows = (
        table.groupby([*columns, "learning_rate"], sort=False)
        .agg(
            trainings=("seed", "size"),
            seeds=("seed", "nunique"),
            test_accuracy=("test_accuracy", "mean"),
            deviation=("test_accuracy", "std"),
            selection_accuracy=("selection_accuracy", "mean"),
            train_loss=("train_loss", "mean"),
            test_nll=("test_nll", "mean"),
            test_ece=("test_ece", "mean"),
            diverged=("diverged", "mean"),
        )
        .reset_index()
        .assign(images=images)
    )
    arms = []
    for group, curve in rows.groupby(columns, sort=False):
        members = table[(table[columns] == list(group)).all(axis=1)]
        rates = curve["learning_rate"].to_numpy()
        level, _ = _local_line(rates, members, "selection_accuracy")
        _, spread = _local_line(rates, members, "test_accuracy")
        chance = curve["test_accuracy"] * (1 - curve["test_accuracy"]) / images
        half = Z * np.sqrt(spread**2 + chance)
        arms.append(
            curve.assign(
                selection_level=level,
                low=(curve["test_accuracy"] - half).clip(0, 1),
                high=(curve["test_accuracy"] + half).clip(0, 1),
            )
        )
    return pd.concat(arms, ignore_index=True)


def _local_line(rates: Array, members: pd.DataFrame, measure: str) -> tuple[Array, Array]:
    """Fits a line to each rate's neighbourhood.

    Returns:
        The lines' levels at the rates, and the standard deviations about them; 0 where there are
        too few members to estimate it.
    """
    logs = np.log10(members["learning_rate"].to_numpy())
    values = members[measure].to_numpy()
    level, spread = np.zeros(len(rates)), np.zeros(len(rates))
    for index, centre in enumerate(np.log10(rates)):
        near = np.abs(logs - centre) <= NEIGHBOURHOOD + 1e-9
        terms = min(2, len(np.unique(logs[near])))  # a level, and a slope if it can be estimated
        basis = np.vander(logs[near] - centre, terms)
        line, residual, *_ = np.linalg.lstsq(basis, values[near], rcond=None)
        level[index] = line[-1]
        if near.sum() > terms:
            spread[index] = np.sqrt(float(residual.sum()) / (near.sum() - terms))
    return level, spread


def best_learning_rates(
    table: pd.DataFrame, *, selection_images: int, test_images: int
) -> pd.DataFrame:
    """Finds the best learning rate of each optimizer with each dropout rate, and its plateau.

    The best rate has the highest selection level; of equal ones it is the lowest rate.
    ``as_good_low`` and ``as_good_high``: rates around the best whose selection level lies in
    its 95 % interval. ``plateau_decades``: how many decades lose at most one point. ``edge``: which
    end of the grid the as-good range touches, so that the range and not the optimizer decides.
    ``calibrated_rate`` has the lowest test ECE of those that reach half of the best accuracy.
    ``seeds``: of the best rate, over which its accuracy has the standard deviation ``deviation``.
    ``below_rate_free``: share of the arm's rates at which it is less accurate on the test split
    than the best arm without a rate and of equal dropout; only if the study has such an arm.
    ``constants``: the optimizer's, which are its library's defaults.

    Args:
        table: A row per member, from :func:`atelier.sweep.run_study`.
        selection_images: Number of images of the selection split.
        test_images: Number of images of the test split.

    Returns:
        A row per arm.

    Examples:
        >>> table = pd.DataFrame({"learning_rate": [1e-3, 1e-2, 1e-1], "seed": 0})
        >>> table = table.assign(optimizer="sgd", dropout=0.0, diverged=False)
        >>> table["selection_accuracy"] = table["test_accuracy"] = [0.5, 0.9, 0.6]
        >>> table[["train_loss", "test_nll", "test_ece"]] = 0.4, 0.4, 0.1
        >>> best = best_learning_rates(table, selection_images=1000, test_images=1000)
        >>> best[["optimizer", "best_rate", "test_accuracy", "low", "high"]].round(3)
          optimizer  best_rate  test_accuracy   low   high
        0       sgd       0.01            0.9  0.88  0.917
    """
    curves = accuracy_curves(table, images=test_images)
    rows = []
    columns = arm_columns(table)
    for group, curve in curves.groupby(columns, sort=False):
        arm = dict(zip(columns, group, strict=True))
        rows.append(
            arm
            | _best_rate(curve, selection_images, test_images)
            | _below_rate_free(curve, curves)
            | {"constants": OPTIMIZERS[str(arm["optimizer"])].constants}
        )
    return pd.DataFrame(rows)


def _below_rate_free(curve: pd.DataFrame, curves: pd.DataFrame) -> dict[str, float]:
    """Compares the rates of one arm with the most accurate arm without a rate, if there is one."""
    rate_free = curves[curves["optimizer"].map(is_rate_free)]
    if rate_free.empty:
        return {}
    others = rate_free[rate_free["dropout"] == curve["dropout"].iloc[0]]["test_accuracy"]
    if others.empty or is_rate_free(curve["optimizer"].iloc[0]):
        return {"below_rate_free": np.nan}
    return {"below_rate_free": float((curve["test_accuracy"] < others.max()).mean())}


def _best_rate(curve: pd.DataFrame, selection_images: int, test_images: int) -> dict[str, Any]:
    """Finds the best rate of one arm."""
    curve = curve.sort_values("learning_rate", ignore_index=True)
    selection = curve["selection_level"].to_numpy()
    top = int(np.argmax(selection >= selection.max() - TIE))
    tied = selection + TIE
    good = _around(tied >= _interval(selection[top], selection_images)[0], top)
    plateau = _around(tied >= selection[top] - PLATEAU_LOSS, top)
    rate, accurate = curve["learning_rate"], curve[tied >= MIN_RELATIVE_ACCURACY * selection[top]]
    calibrated = accurate.loc[accurate["test_ece"].fillna(np.inf).idxmin()]
    low, high = _interval(curve["test_accuracy"][top], test_images)
    return {
        "best_rate": rate[top],
        "as_good_low": rate[good[0]],
        "as_good_high": rate[good[-1]],
        "plateau_decades": float(np.log10(rate[plateau[-1]] / rate[plateau[0]])),
        "edge": _edge(good, len(curve)),
        "selection_accuracy": curve["selection_accuracy"][top],
        "test_accuracy": curve["test_accuracy"][top],
        "low": low,
        "high": high,
        "seeds": int(curve["seeds"][top]),
        "deviation": float(curve["deviation"][top]),
        "test_nll": curve["test_nll"][top],
        "test_ece": curve["test_ece"][top],
        "calibrated_rate": calibrated["learning_rate"],
        "calibrated_ece": calibrated["test_ece"],
        "calibrated_accuracy": calibrated["test_accuracy"],
        "diverged": float(curve["diverged"].mean()),
        "trainings": int(curve["trainings"].sum()),
    }


def _interval(accuracy: float, images: int) -> tuple[float, float]:
    return wilson_interval(round(float(accuracy) * images), images)


def _around(good: Array, top: int) -> Array:
    """Returns the indices of the unbroken run of True around ``top``."""
    breaks = np.flatnonzero(~good)
    first = breaks[breaks < top].max(initial=-1) + 1
    last = breaks[breaks > top].min(initial=len(good))
    return np.arange(first, last)


def _edge(good: Array, rates: int) -> str:
    if rates == 1:
        return ""  # a single rate is no range
    ends = [name for name, index in (("lowest", 0), ("highest", rates - 1)) if index in good]
    return " and ".join(ends)


def members_at_best_rate(table: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Returns the members at the best rate of their arm.

    Examples:
        >>> table = pd.DataFrame({"learning_rate": [0.1, 0.2], "optimizer": "sgd", "dropout": 0.0})
        >>> best = pd.DataFrame({"optimizer": ["sgd"], "dropout": [0.0], "best_rate": [0.2]})
        >>> members_at_best_rate(table, best)
           learning_rate optimizer  dropout
        0            0.2       sgd      0.0
    """
    columns = arm_columns(table)
    selected = best[[*columns, "best_rate"]].rename(columns={"best_rate": "learning_rate"})
    return table.merge(selected, on=[*columns, "learning_rate"])


def study_metrics(best: pd.DataFrame, *, trainings: int, test_images: int) -> Metrics:
    """Returns the metrics of each arm's best rate, and of the most accurate arm.

    Args:
        best: From :func:`best_learning_rates`.
        trainings: Number of members.
        test_images: Number of images of the test split.

    Returns:
        Metrics ``ARM_MEASURE`` such as ``sgd_0.5_best_rate``, for each of :data:`MEASURES` that is
        finite, and ``test_accuracy`` of the most accurate arm with its 95 % interval.

    Examples:
        >>> best = {"test_accuracy": 0.5} | {"optimizer": "sgd", "dropout": 0.0}
        >>> best = pd.DataFrame([best | {"low": 0.4, "high": 0.6}])
        >>> metrics = study_metrics(best, trainings=11, test_images=100)
        >>> metrics["sgd_0_test_accuracy"], metrics["test_accuracy_high"]
        (0.5, 0.6)
    """
    rows = [{str(name): value for name, value in row.items()} for row in best.to_dict("records")]
    metrics = {
        f"{arm_key(row)}_{measure}": float(row[measure])
        for row in rows
        for measure in MEASURES
        if np.isfinite(row.get(measure, np.nan))
    }
    top = best.sort_values("test_accuracy").iloc[-1]
    return metrics | {
        "test_accuracy": float(top["test_accuracy"]),
        "test_accuracy_low": float(top["low"]),
        "test_accuracy_high": float(top["high"]),
        "trainings": float(trainings),
        "n": float(test_images),
    }
