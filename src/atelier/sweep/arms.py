"""Identifies the arms of a study: what is compared, each over all learning rates."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from atelier.sweep.optimizers import OPTIMIZERS

ARM = ("optimizer", "schedule", "weight_decay", "dropout")
"""Columns that identify an arm of the study, where the table has them."""


def arm_columns(table: pd.DataFrame) -> list[str]:
    """Returns the columns of the table that identify an arm.

    A table without ``schedule`` has constant rates, and one without ``weight_decay`` has the
    default decay of each optimizer.

    Examples:
        >>> arm_columns(pd.DataFrame(columns=["dropout", "seed", "schedule", "optimizer"]))
        ['optimizer', 'schedule', 'dropout']
    """
    return [name for name in ARM if name in table]


def arm_key(row: Mapping[str, Any]) -> str:
    """Returns the prefix of an arm's metrics.

    Examples:
        >>> arm_key({"optimizer": "sgd", "dropout": 0.5})
        'sgd_0.5'
        >>> arm_key({"optimizer": "lion", "schedule": "linear", "weight_decay": 0.1, "dropout": 0})
        'lion_linear_decay_0.1_0'
    """
    schedule = row.get("schedule", "constant")
    schedules = [] if schedule == "constant" else [schedule]
    decays = [f"decay_{row['weight_decay']:g}"] if "weight_decay" in row else []
    return "_".join([row["optimizer"], *schedules, *decays, f"{row['dropout']:g}"])


def is_rate_free(optimizer: str) -> bool:
    """Returns whether the optimizer has no learning rate, so that its rate in the table is 1.

    Examples:
        >>> is_rate_free("l_dog"), is_rate_free("sgd")
        (True, False)
    """
    return optimizer in OPTIMIZERS and OPTIMIZERS[optimizer].rate_free
