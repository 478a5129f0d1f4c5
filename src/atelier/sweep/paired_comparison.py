"""The effect of dropout in a study, by paired trainings."""

import numpy as np
import pandas as pd

from atelier.evaluation.examples import example_table
from atelier.evaluation.intervals import SHARE_GAIN, bootstrap_interval
from atelier.sweep.arms import arm_columns, arm_key, is_rate_free
from atelier.types import Array


def dropout_effect(
    table: pd.DataFrame, correct: Array, best: pd.DataFrame, *, seed: int
) -> pd.DataFrame:
    """Computes what dropout adds to each optimizer's test accuracy, with 95 % paired intervals.

    ``at equal rates``: the mean over all pairs of one rate and seed, resampled by pairs. ``at own
    best``: each arm at its best rate, resampled by test images, which both arms predict; for arms
    without a rate it is the only comparison.

    Args:
        table: A row per member.
        correct: Which test images each member classifies correctly, (members, images) bool, in
            the table's order.
        best: From :func:`best_learning_rates`.
        seed: Of the resampling.

    Returns:
        A row per arm with a dropout rate above 0 and comparison.

    Examples:
        >>> table = pd.DataFrame({"dropout": [0.0, 0.5], "test_accuracy": [0.5, 0.75]})
        >>> table = table.assign(optimizer="sgd", learning_rate=0.1, seed=0)
        >>> correct = np.array([[1, 1, 0, 0], [1, 1, 1, 0]], bool)
        >>> best = table.assign(best_rate=0.1)[["optimizer", "dropout", "best_rate"]]
        >>> dropout_effect(table, correct, best, seed=0)[["comparison", "effect", "pairs"]]
               comparison  effect  pairs
        0  at equal rates    0.25      1
        1     at own best    0.25      4
    """
    rows = []
    shared = [name for name in arm_columns(table) if name != "dropout"]
    for group, members in table.reset_index(drop=True).groupby(shared, sort=False):
        rates = members["dropout"].unique().tolist()
        arms = {rate: members[members["dropout"] == rate] for rate in rates}
        if 0.0 not in arms:
            continue
        plain_correct = _correct_at_best(correct, arms[0.0], best)
        for rate in sorted(set(arms) - {0.0}):
            pairs = _pairs(arms[rate], arms[0.0])
            images = _correct_at_best(correct, arms[rate], best) - plain_correct
            differences_of = {"at equal rates": pairs, "at own best": images}
            if is_rate_free(str(group[0])):
                del differences_of["at equal rates"]  # a single pair, of no rate
            for comparison, differences in differences_of.items():
                effect = _mean_difference(differences, seed)
                rows.append((*group, rate, comparison, *effect, len(differences)))
    columns = [*shared, "dropout", "comparison", "effect", "low", "high", "pairs"]
    return pd.DataFrame(rows, columns=columns)


def arm_examples(
    table: pd.DataFrame, correct: Array, best: pd.DataFrame, *, split: str
) -> pd.DataFrame:
    """Returns the accuracy of each arm at its best rate on each test image.

    Args:
        table: A row per member.
        correct: Which test images each member classifies correctly, (members, images) bool, in
            the table's order; a member that diverged counts as wrong.
        best: From :func:`best_learning_rates`.
        split: The digest of the test images and labels.

    Returns:
        A row for each image: ``split``; ``ARM_test_accuracy``, the share of seeds
        that are correct; ``test_accuracy`` of the most accurate arm.

    Examples:
        >>> table = pd.DataFrame({"optimizer": ["sgd"], "dropout": 0.0, "learning_rate": 0.1})
        >>> best = table.assign(best_rate=0.1, test_accuracy=0.5)
        >>> correct = np.array([[True, False]])
        >>> examples = arm_examples(table.assign(diverged=False), correct, best, split="5f2c")
        >>> examples["sgd_0_test_accuracy"].tolist()
        [1.0, 0.0]
    """
    table = table.reset_index(drop=True)
    correct = correct & ~table["diverged"].to_numpy(bool)[:, None]
    columns = {}
    for group, arm in table.groupby(arm_columns(table), sort=False):
        key = arm_key(dict(zip(arm_columns(table), group, strict=True)))
        columns[f"{key}_test_accuracy"] = _correct_at_best(correct, arm, best)
    top = best.sort_values("test_accuracy")[arm_columns(best)].iloc[-1]
    most_accurate = columns[
        f"{arm_key({str(name): value for name, value in top.items()})}_test_accuracy"
    ]
    return example_table(split, **columns, test_accuracy=most_accurate)


def _mean_difference(differences: Array, seed: int) -> tuple[float, float, float]:
    low, high = bootstrap_interval(np.mean, differences, seed=seed, bounds=SHARE_GAIN)
    return float(differences.mean()), low, high


def _pairs(arm: pd.DataFrame, plain: pd.DataFrame) -> Array:
    """Returns the differences of the accuracies at one rate and seed."""
    pairs = arm.merge(plain, on=["optimizer", "learning_rate", "seed"], validate="one_to_one")
    return np.asarray(pairs["test_accuracy_x"] - pairs["test_accuracy_y"])


def _correct_at_best(correct: Array, arm: pd.DataFrame, best: pd.DataFrame) -> Array:
    """Returns the share of seeds that are correct at the arm's best rate, (images,)."""
    (rate,) = best.merge(arm[arm_columns(arm)].drop_duplicates())["best_rate"]
    return np.asarray(correct[arm.index[arm["learning_rate"] == rate]].mean(0))
