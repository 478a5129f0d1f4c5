"""Relates the best learning rate and the tolerated range to batch size and dropout rate."""

import pandas as pd

from atelier.sweep.analysis import best_learning_rates
from atelier.sweep.arms import arm_columns
from atelier.sweep.sensitivity import rate_sensitivity
from atelier.types import Array

INTERACTION_COLUMNS = (
    *("best_rate", "as_good_low", "as_good_high", "edge", "test_accuracy", "low", "high", "seeds"),
    *("deviation", "trainings"),
)
"""Columns of the table of best rates that are kept."""


def rate_interaction(
    table: pd.DataFrame,
    correct: Array,
    *,
    selection_images: int,
    test_images: int,
    seed: int,
) -> pd.DataFrame:
    """Finds best rate, tolerated range and accuracy of each arm at each batch size.

    Args:
        table: A row per member, from several plans, with the column ``batch_size``.
        correct: Which test images each member classifies correctly, (members, images) bool, in
            the table's order.
        selection_images: Number of images of the selection split.
        test_images: Number of images of the test split.
        seed: Of the resampling.

    Returns:
        A row per batch size and arm: of :func:`atelier.sweep.best_learning_rates` the best rate,
        the rates that are as good, the accuracy and its intervals; of
        :func:`atelier.sweep.rate_sensitivity` the ranges in decades with their intervals.

    Examples:
        >>> import numpy as np
        >>> table = pd.DataFrame({"learning_rate": [0.01, 0.1], "seed": 0, "optimizer": "sgd"})
        >>> table = table.assign(dropout=0.0, batch_size=8, diverged=False, train_loss=1.0)
        >>> table[["test_nll", "test_ece"]] = 1.0, 0.1
        >>> table["selection_accuracy"] = table["test_accuracy"] = [0.5, 1.0]
        >>> correct = np.array([[True, False], [True, True]])
        >>> rows = rate_interaction(table, correct, selection_images=2, test_images=2, seed=0)
        >>> rows[["batch_size", "best_rate", "plateau"]].values.tolist()
        [[8.0, 0.1, 0.0]]
    """
    table = table.reset_index(drop=True)
    arm = arm_columns(table)
    sizes = []
    for size, members in table.groupby("batch_size"):
        best = best_learning_rates(
            members, selection_images=selection_images, test_images=test_images
        )
        ranges = rate_sensitivity(
            members, correct[members.index], best, images=test_images, seed=seed
        )
        rows = best[[*arm, *INTERACTION_COLUMNS]].merge(ranges.drop(columns="seeds"), on=arm)
        sizes.append(rows.assign(batch_size=size))
    return pd.concat(sizes, ignore_index=True)
