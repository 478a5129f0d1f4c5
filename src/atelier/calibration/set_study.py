"""Prediction sets on a test split: coverage, sizes, and the sets that a served model answers."""

from typing import Any

import numpy as np
import pandas as pd

from atelier.calibration.base import Calibrator
from atelier.calibration.conformal import (
    SET_METHODS,
    ConformalSets,
    coverage_law,
    coverage_rank,
)
from atelier.calibration.own_logits import interleave_classes
from atelier.calibration.params import SetParams
from atelier.calibration.temperature import TemperatureScaling
from atelier.evaluation.intervals import with_interval
from atelier.evaluation.validation import checked_labels, checked_logits
from atelier.types import Array, Labels, Metrics

VARIANTS: dict[str, tuple[str, dict[str, bool]]] = {
    "lac": ("lac", {}),
    "lac_by_class": ("lac", {"by_class": True}),
    "aps": ("aps", {}),
    "aps_randomized": ("aps", {"randomized": True}),
    "raps": ("raps", {}),
}
"""The methods of the tables: a name in SET_METHODS, and options of it."""
LAST_RANK = 4
"""The rank that stands for itself and all lower ones."""


def cross_calibrated(
    calibrator: Calibrator, logits: Array, labels: Labels, *, folds: int, seed: int
) -> Array:
    """Returns probabilities of held-out rows by calibrators that were not fitted to them.

    The rows to which a calibrator was fitted are easier for it than new ones, so sets from them
    would cover too little. Here each fold gets its probabilities from a calibrator of the same type
    that is fitted to the other folds (cross-conformal prediction, Vovk 2015), and no row is lost.

    Args:
        calibrator: A fitted calibrator; its type is fitted again, but not the identity, which is
            temperature scaling by T = 1.
        logits: (n, classes) of the calibration split.
        labels: (n,), integers in [0, classes).
        folds: Number of folds, drawn within each class.
        seed: Seed of the folds.

    Returns:
        (n, classes), each row summing to 1.

    Raises:
        ValueError: If the logits are not finite, or labels are no classes of theirs.
    """
    logits = checked_logits(logits)
    labels = checked_labels(labels, *logits.shape)
    if isinstance(calibrator, TemperatureScaling) and calibrator.temperature_ == 1:
        return calibrator.transform(logits)
    dealt = interleave_classes(labels, folds, seed=seed)
    probs = np.empty(logits.shape)
    for fold in np.unique(dealt):
        rows = dealt == fold
        fitted = type(calibrator)().fit(logits[~rows], labels[~rows])
        probs[rows] = fitted.transform(logits[rows])
    return probs


def conformal_sets(
    method: str, params: SetParams, *, level: float, **options: Any
) -> ConformalSets:
    """Returns prediction sets of a method of SET_METHODS that are not fitted yet.

    Args:
        method: A name in SET_METHODS.
        params: Penalty and ranks of RAPS, and the seed.
        level: Coverage 1 − α, in (0, 1).
        options: Further arguments of the method.

    Returns:
        Sets without thresholds; ``fit`` finds them.
    """
    given = dict(options)
    if method == "raps":
        given |= {"penalty": params.penalty, "free_ranks": params.free_ranks}
    if given.get("randomized"):
        given["seed"] = params.seed
    return SET_METHODS[method](level=level, **given)


def set_tables(
    held_out: tuple[Array, Labels], test: tuple[Array, Labels], params: SetParams
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measures prediction sets of every method at every level.

    Args:
        held_out: Probabilities, (n, classes), and labels, (n,), that set the thresholds.
        test: Those on which the sets are measured.
        params: Levels, and the options of RAPS.

    Returns:
        A row for each method and level: ``coverage`` with its 95 % Wilson interval; ``expected``,
        its expectation, with limits of 95 % of the draws of both splits (none by class);
        ``mean_size``, ``singletons`` and ``empty``, shares of sets of one class and of none;
        ``worst_class``, the class of least coverage, with its ``worst_coverage`` and number
        ``worst_n`` of test samples. And a row for each method, level and ``rank`` of the label by
        its probability (LAST_RANK stands for all lower ones): ``n``, ``coverage``, ``mean_size``.
    """
    rows: list[dict[str, Any]] = []
    ranks: list[dict[str, Any]] = []
    difficulty = np.minimum(_label_ranks(*test), LAST_RANK)
    for name, (method, options) in VARIANTS.items():
        for level in params.levels:
            fitted = conformal_sets(method, params, level=level, **options).fit(*held_out)
            members = fitted.sets(test[0])
            key = {"method": name, "level": level}
            law = _expected(held_out[1], test[1], level, by_class="by_class" in options)
            rows.append(key | _coverage_row(members, test[1]) | law)
            ranks += [key | row for row in _rank_rows(members, test[1], difficulty)]
    return pd.DataFrame(rows), pd.DataFrame(ranks)


def _label_ranks(probs: Array, labels: Labels) -> Array:
    own = probs[np.arange(len(labels)), labels]
    return np.asarray(1 + (probs > own[:, None]).sum(axis=1))


def _coverage_row(members: Array, labels: Labels) -> dict[str, Any]:
    hit, sizes = members[np.arange(len(labels)), labels], members.sum(axis=1)
    count = np.bincount(labels, minlength=members.shape[1])
    covered = np.bincount(labels[hit], minlength=members.shape[1])
    share = np.where(count > 0, covered / np.maximum(count, 1), np.inf)
    worst = int(share.argmin())
    return {
        "n": len(labels),
        **with_interval("coverage", int(hit.sum()), len(hit)),
        "mean_size": float(sizes.mean()),
        "singletons": float((sizes == 1).mean()),
        "empty": float((sizes == 0).mean()),
        "worst_class": worst,
        "worst_n": int(count[worst]),
        **with_interval("worst_coverage", int(covered[worst]), int(count[worst])),
    }


def _expected(held_out: Labels, test: Labels, level: float, *, by_class: bool) -> dict[str, float]:
    """Returns the expectation of the coverage, and limits of it where one threshold is used."""
    if not by_class:
        law = coverage_law(len(held_out), level, new=len(test))
        return {
            "expected": law.expected,
            "expected_low": law.low,
            "expected_high": law.high,
        }
    classes = max(int(held_out.max()), int(test.max())) + 1
    counts = np.bincount(held_out, minlength=classes)
    shares = np.array([min(coverage_rank(n, level) / (n + 1), 1.0) for n in counts.tolist()])
    return {
        "expected": float(shares[test].mean()),
        "expected_low": np.nan,
        "expected_high": np.nan,
    }


def _rank_rows(members: Array, labels: Labels, difficulty: Array) -> list[dict[str, Any]]:
    hit, sizes = members[np.arange(len(labels)), labels], members.sum(axis=1)
    rows = []
    for rank in range(1, LAST_RANK + 1):
        among = difficulty == rank
        if among.any():
            row = {"rank": rank, "n": int(among.sum()), "coverage": float(hit[among].mean())}
            rows.append(row | {"mean_size": float(sizes[among].mean())})
    return rows


def served_sets(held_out: tuple[Array, Labels], params: SetParams) -> ConformalSets:
    """Returns the fitted sets that a served model answers; they are deterministic.

    Args:
        held_out: Probabilities, (n, classes), and labels, (n,), that set the threshold.
        params: Method, level, and whether each class has its threshold.
    """
    return conformal_sets(
        params.method,
        params,
        level=params.level,
        by_class=params.by_class,
        allow_empty=params.allow_empty,
    ).fit(*held_out)


def set_metrics(fitted: ConformalSets, probs: Array, labels: Labels) -> Metrics:
    """Returns coverage with its interval, sizes and level of the served sets on the test split.

    Args:
        fitted: From :func:`served_sets`.
        probs: (n, classes).
        labels: (n,), integers in [0, classes).

    Returns:
        Shares in [0, 1], the mean size in classes, ``n``, ``level`` and ``worst_class_coverage``.
    """
    row = _coverage_row(fitted.sets(probs), labels)
    names = ("n", "coverage", "coverage_low", "coverage_high", "mean_size", "singletons", "empty")
    return {name: float(row[name]) for name in names} | {
        "level": fitted.level,
        "worst_class_coverage": float(row["worst_coverage"]),
    }
