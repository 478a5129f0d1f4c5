"""What the study's table says: curves, plateaus, best rates, what dropout does.

A rate is picked by its accuracy on the selection split and reported with the one on the test
split; accuracies are means over the seeds.
"""

import numpy as np
import pandas as pd

from atelier.evaluation.intervals import SHARE_GAIN, bootstrap_interval, wilson_interval
from atelier.sweep.optimizers import CONSTANTS
from atelier.types import Array

GROUP = ["optimizer", "dropout"]
POINT = 0.01
"""Accuracy that the plateau may lose: one point."""
NEIGHBOURHOOD = 0.1
"""Half a band's width, in decades: within it members count as repeats of one another."""
LEARNT = 0.5
"""Share of the best accuracy below which a member's calibration is of no interest."""
Z = 1.96
EQUAL = 1e-9
"""Accuracies that differ by less are equal: a line's fit leaves rounding errors in them."""


def accuracy_curves(table: pd.DataFrame, *, images: int) -> pd.DataFrame:
    """Accuracy against rate for each group: a row per optimizer, dropout and rate.

    ``low`` and ``high`` are a 95 % band for one more training judged by other test images: the
    spread between members less than a tenth of a decade away (or of other seeds) about their own
    line, and the chance in so many ``images``. ``selection_level`` is the selection accuracy on
    that line: one lucky training among a thousand does not make a best rate.
    """
    rows = (
        table.groupby([*GROUP, "learning_rate"], sort=False)
        .agg(
            trainings=("seed", "size"),
            test_accuracy=("test_accuracy", "mean"),
            selection_accuracy=("selection_accuracy", "mean"),
            train_loss=("train_loss", "mean"),
            test_nll=("test_nll", "mean"),
            test_ece=("test_ece", "mean"),
            diverged=("diverged", "mean"),
        )
        .reset_index()
    )
    banded = []
    for group, curve in rows.groupby(GROUP, sort=False):
        members = table[(table[GROUP] == list(group)).all(axis=1)]
        rates = curve["learning_rate"].to_numpy()
        level, _ = _local_line(rates, members, "selection_accuracy")
        _, spread = _local_line(rates, members, "test_accuracy")
        chance = curve["test_accuracy"] * (1 - curve["test_accuracy"]) / images
        half = Z * np.sqrt(spread**2 + chance)
        banded.append(
            curve.assign(
                selection_level=level,
                low=(curve["test_accuracy"] - half).clip(0, 1),
                high=(curve["test_accuracy"] + half).clip(0, 1),
            )
        )
    return pd.concat(banded, ignore_index=True)


def _local_line(rates: Array, members: pd.DataFrame, measure: str) -> tuple[Array, Array]:
    """Level of a line through each rate's neighbourhood, and the standard deviation about it.

    The deviation is 0 where there are too few members to see one.
    """
    logs = np.log10(members["learning_rate"].to_numpy())
    values = members[measure].to_numpy()
    level, spread = np.zeros(len(rates)), np.zeros(len(rates))
    for index, centre in enumerate(np.log10(rates)):
        near = np.abs(logs - centre) <= NEIGHBOURHOOD + 1e-9
        terms = min(2, len(np.unique(logs[near])))  # a level, and a slope where it can be seen
        basis = np.vander(logs[near] - centre, terms)
        line, residual, *_ = np.linalg.lstsq(basis, values[near], rcond=None)
        level[index] = line[-1]
        if near.sum() > terms:
            spread[index] = np.sqrt(float(residual.sum()) / (near.sum() - terms))
    return level, spread


def best_learning_rates(
    table: pd.DataFrame, *, selection_images: int, test_images: int
) -> pd.DataFrame:
    """For each optimizer with and without dropout, a row: its best rate and how wide it is good.

    The best rate has the highest selection level; of equal ones it is the lowest rate.
    ``as_good_low`` and ``as_good_high``: rates around the best whose selection level lies in
    its 95 % interval. ``plateau_decades``: how many decades lose at most one point. ``edge``: which
    end of the grid the as-good range touches, so that the range and not the optimizer decides.
    ``calibrated_rate`` has the lowest test ECE of those that reach half of the best accuracy.
    ``constants``: the optimizer's, which are Keras' defaults.
    """
    rows = []
    for (optimizer, dropout), curve in accuracy_curves(table, images=test_images).groupby(
        GROUP, sort=False
    ):
        curve = curve.sort_values("learning_rate", ignore_index=True)  # noqa: PLW2901
        selection = curve["selection_level"].to_numpy()
        top = int(np.argmax(selection >= selection.max() - EQUAL))
        raised = selection + EQUAL
        good = _around(raised >= _interval(selection[top], selection_images)[0], top)
        plateau = _around(raised >= selection[top] - POINT, top)
        rate, learnt = curve["learning_rate"], curve[raised >= LEARNT * selection[top]]
        calm = learnt.loc[learnt["test_ece"].fillna(np.inf).idxmin()]
        low, high = _interval(curve["test_accuracy"][top], test_images)
        rows.append(
            {
                "optimizer": optimizer,
                "dropout": dropout,
                "best_rate": rate[top],
                "as_good_low": rate[good[0]],
                "as_good_high": rate[good[-1]],
                "plateau_decades": float(np.log10(rate[plateau[-1]] / rate[plateau[0]])),
                "edge": _edge(good, len(curve)),
                "selection_accuracy": curve["selection_accuracy"][top],
                "test_accuracy": curve["test_accuracy"][top],
                "low": low,
                "high": high,
                "test_nll": curve["test_nll"][top],
                "test_ece": curve["test_ece"][top],
                "calibrated_rate": calm["learning_rate"],
                "calibrated_ece": calm["test_ece"],
                "calibrated_accuracy": calm["test_accuracy"],
                "diverged": float(curve["diverged"].mean()),
                "trainings": int(curve["trainings"].sum()),
                "constants": CONSTANTS[str(optimizer)],
            }
        )
    return pd.DataFrame(rows)


def _interval(accuracy: float, images: int) -> tuple[float, float]:
    return wilson_interval(round(float(accuracy) * images), images)


def _around(good: Array, top: int) -> Array:
    """Indices of the unbroken run of True that holds ``top``."""
    breaks = np.flatnonzero(~good)
    first = breaks[breaks < top].max(initial=-1) + 1
    last = breaks[breaks > top].min(initial=len(good))
    return np.arange(first, last)


def _edge(good: Array, rates: int) -> str:
    ends = [name for name, index in (("lowest", 0), ("highest", rates - 1)) if index in good]
    return " and ".join(ends)


def dropout_effect(
    table: pd.DataFrame, hits: Array, best: pd.DataFrame, *, seed: int
) -> pd.DataFrame:
    """What dropout adds to the test accuracy of each optimizer, with 95 % paired intervals.

    ``at equal rates``: the mean over all pairs of one rate and seed, resampled by pairs. ``at own
    best``: each arm at its best rate, resampled by test images, which both arms judged.

    Args:
        table: A row per member.
        hits: (members, images) bool, which test images each judged right; in the table's order.
        best: As :func:`best_learning_rates` gives it.
        seed: Of the resampling.
    """
    rows = []
    for optimizer, of_one in table.reset_index(drop=True).groupby("optimizer", sort=False):
        arms = {
            float(rate): of_one[of_one["dropout"] == rate] for rate in of_one["dropout"].unique()
        }
        if 0.0 not in arms:
            continue
        for rate in sorted(set(arms) - {0.0}):
            pairs = _pairs(arms[rate], arms[0.0])
            images = _own_best(hits, arms[rate], best) - _own_best(hits, arms[0.0], best)
            for comparison, differences in (("at equal rates", pairs), ("at own best", images)):
                low, high = bootstrap_interval(np.mean, differences, seed=seed, bounds=SHARE_GAIN)
                rows.append(
                    {
                        "optimizer": optimizer,
                        "dropout": rate,
                        "comparison": comparison,
                        "effect": float(differences.mean()),
                        "low": low,
                        "high": high,
                        "pairs": len(differences),
                    }
                )
    columns = ["optimizer", "dropout", "comparison", "effect", "low", "high", "pairs"]
    return pd.DataFrame(rows, columns=columns)


def _pairs(arm: pd.DataFrame, other: pd.DataFrame) -> Array:
    """Differences of the accuracies at one rate and seed."""
    both = arm.merge(other, on=["optimizer", "learning_rate", "seed"], validate="one_to_one")
    return np.asarray(both["test_accuracy_x"] - both["test_accuracy_y"])


def _own_best(hits: Array, arm: pd.DataFrame, best: pd.DataFrame) -> Array:
    """(images,): share of the seeds that judge each right at the arm's best rate."""
    (rate,) = best.merge(arm[GROUP].drop_duplicates())["best_rate"]
    return np.asarray(hits[arm.index[arm["learning_rate"] == rate]].mean(0))


def members_at_best_rate(table: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """The members at the best rate of their group."""
    picked = best[[*GROUP, "best_rate"]].rename(columns={"best_rate": "learning_rate"})
    return table.merge(picked, on=[*GROUP, "learning_rate"])
