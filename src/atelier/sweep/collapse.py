"""Estimates how probably a training collapses at rates above the best one."""

import numpy as np
import pandas as pd

from atelier.evaluation.intervals import wilson_interval
from atelier.sweep.analysis import NEIGHBOURHOOD, TIE
from atelier.sweep.arms import arm_columns

COLLAPSED = 0.5
"""Share of the arm's best test accuracy below which a training has collapsed."""
MIN_TRAININGS = 8
"""Trainings of a rate below which its probability is not reported."""


def collapse_probability(table: pd.DataFrame, best: pd.DataFrame) -> pd.DataFrame:
    """Estimates the probability of a collapse at each rate from the best one on.

    A training has collapsed if its test accuracy is below half of its arm's at the best rate. The
    trainings of a rate are those of all seeds and of all rates within a tenth of a decade: with a
    thousand rates the neighbours count as repetitions. Below the best rate a low accuracy says
    that the training was too short, so there is no row.

    Args:
        table: A row per member.
        best: From :func:`atelier.sweep.best_learning_rates`.

    Returns:
        A row per arm and rate: ``trainings``, ``seeds``, ``rates``: how many of each are counted;
        ``collapsed``, the share, and its 95 % Wilson interval ``low`` to ``high``.

    Examples:
        >>> table = pd.DataFrame({"learning_rate": [0.1, 1.0, 1.0, 1.0], "seed": [0, 0, 1, 2]})
        >>> table = table.assign(optimizer="sgd", dropout=0.0, test_accuracy=[0.8, 0.3, 0.7, 0.1])
        >>> best = pd.DataFrame({"optimizer": ["sgd"], "dropout": 0.0, "best_rate": 0.1})
        >>> rows = collapse_probability(table, best.assign(test_accuracy=0.8))
        >>> rows[["learning_rate", "trainings", "collapsed"]].round(2).values.tolist()
        [[0.1, 1.0, 0.0], [1.0, 3.0, 0.67]]
    """
    columns = arm_columns(table)
    arms = table.merge(
        best[[*columns, "best_rate", "test_accuracy"]], on=columns, suffixes=("", "_at_best")
    )
    arms["failed"] = arms["test_accuracy"] < COLLAPSED * arms["test_accuracy_at_best"]
    rows = []
    for group, members in arms.groupby(columns, sort=False):
        logs = np.log10(members["learning_rate"])
        above = members.loc[members["learning_rate"] >= members["best_rate"], "learning_rate"]
        for rate in np.unique(above):
            near = members[np.abs(logs - np.log10(rate)) <= NEIGHBOURHOOD + TIE]
            low, high = wilson_interval(int(near["failed"].sum()), len(near))
            rows.append(
                {
                    **dict(zip(columns, group, strict=True)),
                    "learning_rate": rate,
                    "trainings": len(near),
                    "seeds": near["seed"].nunique(),
                    "rates": near["learning_rate"].nunique(),
                    "collapsed": near["failed"].mean(),
                    "low": low,
                    "high": high,
                }
            )
    return pd.DataFrame(rows)
