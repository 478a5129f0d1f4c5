"""Logits or probabilities of any model with their labels, checked, and divided into parts."""

import logging
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from atelier.calibration.label_checks import checked_class_names, class_indices
from atelier.evaluation.validation import (
    TOLERANCE,
    real_numbers,
    require_finite,
    require_unit_range,
    unmasked,
)
from atelier.types import Array, Labels

logger = logging.getLogger(__name__)

Kind = Literal["logits", "probabilities"]
PARTS = ("train", "calibration", "test")
"""Names in ``split``: density models are fitted to the first part, calibrators to the second, and
measures are taken on the last.
"""
LEAST_PROBABILITY = 1e-6
"""Replaces a probability of exactly 0, unless half of the smallest other probability is less."""


class LabelledLogits(NamedTuple):
    """Logits of a model with the true classes."""

    logits: Array
    """(n, classes) float64, finite; of probabilities their logarithms."""
    labels: Labels
    """(n,), in [0, classes)."""
    classes: tuple[str, ...]
    """Names of the classes."""
    kind: Kind
    """What the values were."""
    split: Array | None
    """The part of each row, (n,), of PARTS; None where the parts are to be drawn."""
    name: str
    """Of the file, or of the model."""


def label_logits(
    values: Any,
    labels: Any,
    *,
    kind: Kind = "logits",
    classes: Sequence[str] | None = None,
    split: Any = None,
    name: str = "logits",
) -> LabelledLogits:
    """Checks logits or probabilities with their labels.

    Args:
        values: (n, classes ≥ 2), finite; rows of probabilities sum to 1.
        labels: (n,), integers in [0, classes), or the classes' names.
        kind: What ``values`` are.
        classes: Names of the classes, in the order of the columns; by default 0, 1, …
        split: The part of each row, (n,), out of PARTS; None where the parts are to be drawn.
        name: Of the file or the model; every error begins with it.

    Returns:
        The logits; of probabilities their logarithms (see :func:`log_probabilities`).

    Raises:
        ValueError: If an array is not as described; the message counts what is wrong, names the
            first row, and says what to do.

    Examples:
        >>> import numpy as np
        >>> labelled = label_logits(np.array([[0.5, -1.0], [0.0, 2.0]]), ["cat", "dog"],
        ...                         classes=["cat", "dog"])
        >>> labelled.labels.tolist(), labelled.kind
        ([0, 1], 'logits')
    """
    try:
        logits = _checked_values(values, kind)
        names = checked_class_names(classes, logits.shape[1])
        return LabelledLogits(
            logits=logits if kind == "logits" else log_probabilities(logits),
            labels=class_indices(labels, len(logits), names, named=classes is not None),
            classes=names,
            kind=kind,
            split=None if split is None else _checked_split(split, len(logits)),
            name=name,
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def log_probabilities(probabilities: Array) -> Array:
    """Returns log p, (n, classes), which are logits whose softmax is p.

    A probability of exactly 0 was rounded: it counts as half of the smallest other one, and as
    LEAST_PROBABILITY at most, so that the logarithm is finite.

    Raises:
        ValueError: If probabilities are masked, not finite or outside [0, 1], or none is positive.

    Examples:
        >>> import numpy as np
        >>> log_probabilities(np.array([[0.25, 0.75], [0.0, 1.0]])).round(2).tolist()
        [[-1.39, -0.29], [-13.82, 0.0]]
    """
    probabilities = real_numbers("probabilities", probabilities).astype(np.float64)
    require_finite("probabilities", probabilities)
    require_unit_range(probabilities.min(initial=0), probabilities.max(initial=0))
    if not (probabilities > 0).any():
        raise ValueError(f"Expected a positive probability. Received: none, {probabilities.shape}")
    positive = probabilities[probabilities > 0]
    least = min(float(positive.min()) / 2, LEAST_PROBABILITY)
    return np.asarray(np.log(np.where(probabilities > 0, probabilities, least)))


def are_probabilities(values: Any) -> bool:
    """Returns whether each row is in [0, 1] and sums to 1, as rows of logits never do.

    Examples:
        >>> import numpy as np
        >>> are_probabilities(np.array([[0.2, 0.8]])), are_probabilities(np.array([[0.2, 0.9]]))
        (True, False)
    """
    array = np.asarray(values)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "iuf":
        return False
    sums = array.astype(np.float64).sum(axis=1)
    return bool(array.min() >= 0 and np.abs(sums - 1).max() <= TOLERANCE)


def divide_logits(labelled: LabelledLogits, *, seed: int) -> dict[str, Array]:
    """Divides logits into parts: those of ``split``, else two halves drawn within each class.

    Args:
        labelled: The logits.
        seed: Seed of the halves.

    Returns:
        ``<part>_logits`` and ``<part>_labels`` of ``calibration``, ``test``, and of ``train`` where
        ``split`` has it.

    Raises:
        ValueError: If a part is missing, or has labels of a single class.
    """
    split = labelled.split
    if split is None:
        halves = interleave_classes(labelled.labels, 2, seed=seed)
        split = np.array(["calibration", "test"])[halves]
    arrays: dict[str, Array] = {}
    for part in PARTS:
        rows = split == part
        if part == "train" and not rows.any():
            continue
        _require_classes(labelled, part, labelled.labels[rows])
        arrays[f"{part}_logits"] = labelled.logits[rows]
        arrays[f"{part}_labels"] = labelled.labels[rows]
    return arrays


def interleave_classes(labels: Labels, groups: int, *, seed: int) -> Labels:
    """Deals rows to groups, class by class in random order, so that groups are stratified.

    Args:
        labels: (n,), integers.
        groups: Number of groups, ≥ 1.
        seed: Seed of the order within each class.

    Returns:
        The group of each row, (n,), in [0, groups). Of each class, and of all rows, groups have
        equal numbers up to one.

    Examples:
        >>> import numpy as np
        >>> groups = interleave_classes(np.array([0, 0, 0, 0, 1, 1]), 2, seed=0)
        >>> np.bincount(groups[:4]).tolist(), np.bincount(groups[4:]).tolist()
        ([2, 2], [1, 1])
    """
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    dealt = np.empty(len(labels), np.int64)
    dealt[order] = np.arange(len(labels)) % groups
    return dealt


def _require_classes(labelled: LabelledLogits, part: str, labels: Labels) -> None:
    present = np.unique(labels)
    if len(present) < 2:
        received = f"{len(labels)} rows of {len(present)} class" if len(labels) else "no row"
        raise ValueError(
            f"{labelled.name}: Expected rows of at least two classes in the part '{part}'. "
            f"Received: {received}. Give more rows, or another split"
        )
    absent = [name for index, name in enumerate(labelled.classes) if index not in present]
    if absent:
        logger.warning(
            "%s: the part '%s' has no row of %d classes: %s",
            labelled.name, part, len(absent), ", ".join(absent[:10]),
        )  # fmt: skip


def _checked_values(values: Any, kind: Kind) -> Array:
    array = unmasked(kind, values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"Expected {kind} that are numbers. Received: {array.dtype}")
    array = array.astype(np.float64)
    if array.ndim != 2 or array.shape[1] < 2 or not len(array):
        binary = array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)
        pair = "1 − p and p" if kind == "probabilities" else "0 and the logit"
        advice = f". Of a binary classifier give two columns: {pair}" if binary else ""
        raise ValueError(
            f"Expected {kind} of shape (rows, classes ≥ 2). Received: {array.shape}{advice}"
        )
    _require_finite(array, kind)
    if kind == "probabilities":
        _require_distributions(array)
    elif are_probabilities(array):
        raise ValueError(
            "Expected logits. Received: rows in [0, 1] that sum to 1. They are probabilities: "
            "give them by that name"
        )
    return array


def _require_finite(array: Array, kind: Kind) -> None:
    wrong = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(wrong):
        advice = " Replace −inf by −1e30." if np.isneginf(array).any() else ""
        raise ValueError(
            f"Expected finite {kind}. Received: NaN or infinity in {len(wrong)} of {len(array)} "
            f"rows, first in row {wrong[0]}.{advice} Leave out rows without a prediction"
        )


def _require_distributions(array: Array) -> None:
    """Raises a ValueError unless rows are in [0, 1] and sum to 1, within TOLERANCE."""
    sums = array.sum(axis=1)
    wrong = (array < -TOLERANCE).any(axis=1) | (np.abs(sums - 1) > TOLERANCE)
    if not wrong.any():
        return
    first = int(wrong.argmax())
    advice = "Are they logits? Give them by that name"
    if (array >= 0).all():
        percent = np.abs(sums - 100).max() <= 100 * TOLERANCE
        advice = "Divide them by 100" if percent else "Divide each row by its sum"
    raise ValueError(
        f"Expected rows of probabilities, ≥ 0, that sum to 1. Received: {int(wrong.sum())} of "
        f"{len(array)} rows that do not; row {first} has the sum {sums[first]:.6g} and the least "
        f"value {array[first].min():.6g}. {advice}"
    )


def _checked_split(split: Any, rows: int) -> Array:
    names = np.char.strip(np.asarray(split).astype(str))
    unknown = sorted(set(names.ravel().tolist()) - set(PARTS))
    if names.shape != (rows,) or unknown:
        received = f"{', '.join(map(repr, unknown[:5]))}" if unknown else f"shape {names.shape}"
        raise ValueError(
            f"Expected split of shape ({rows},), each one of {', '.join(PARTS)}. "
            f"Received: {received}"
        )
    missing = {"calibration", "test"} - set(names.tolist())
    if missing:
        raise ValueError(
            f"Expected rows of calibration and of test in split. Received: no {missing.pop()}. "
            "Leave split out to have two halves drawn"
        )
    return names
