"""Labels of a file: integers, or names of classes, as indices of classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from atelier.evaluation.validation import unmasked
from atelier.types import Array, Labels


def checked_class_names(classes: Sequence[str] | None, columns: int) -> tuple[str, ...]:
    """Returns the names of the classes; 0, 1, … where there are none.

    Raises:
        ValueError: If there is not one different name for each column.
    """
    names = tuple(map(str, range(columns) if classes is None else classes))
    if len(names) != columns:
        raise ValueError(
            f"Expected a name for each of {columns} columns. Received: {len(names)} names, "
            f"{', '.join(names[:10])}"
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Expected different names of classes. Received: {twice[0]} twice")
    return names


def class_indices(labels: Any, rows: int, names: Sequence[str], *, named: bool) -> Labels:
    """Returns the index of each row's class.

    Args:
        labels: (rows,), integers in [0, classes); or names.
        rows: Number of rows of logits.
        names: Names of the classes.
        named: Whether the names were given: then labels are looked up among them first.

    Returns:
        Indices, (rows,) int64.

    Raises:
        ValueError: If labels have another shape, are neither indices nor names, or are all equal.
    """
    array = unmasked("labels", labels)
    if array.shape != (rows,):
        one_hot = array.shape == (rows, len(names))
        advice = ". One-hot rows become labels by argmax(axis=1)" if one_hot else ""
        raise ValueError(
            f"Expected one label for each of {rows} rows. Received: shape {array.shape}{advice}"
        )
    is_text = array.dtype.kind in "OUS"
    texts = _texts(array) if is_text or named else None
    if texts is not None and (is_text or _are_numbers(names)):
        indices = _looked_up(texts, names)
    else:
        indices = _integers(array, len(names))
    if (indices == indices[0]).all():
        raise ValueError(
            f"Expected labels of at least two classes. Received: {rows} labels, all of class "
            f"{names[int(indices[0])]}. Calibration needs examples of several classes"
        )
    return indices


def _are_numbers(names: Sequence[str]) -> bool:
    return all(name.isdigit() for name in names)


def _texts(array: Array) -> list[str]:
    """Returns labels as text; 3.0 as 3."""
    if array.dtype.kind in "iufb":
        with np.errstate(invalid="ignore"):
            whole = array.astype(np.int64)
        if np.array_equal(whole, array):
            array = whole
    return [
        item.decode() if isinstance(item, bytes) else str(item).strip() for item in array.tolist()
    ]


def _looked_up(texts: Sequence[str], names: Sequence[str]) -> Labels:
    index = {name: number for number, name in enumerate(names)}
    unknown = [row for row, text in enumerate(texts) if text not in index]
    if unknown:
        shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
        raise ValueError(
            f"Expected labels out of {shown}. Received: {texts[unknown[0]]!r} in row {unknown[0]}, "
            f"and {len(unknown)} of {len(texts)} labels that are no class of the logits' columns"
        )
    return np.array([index[text] for text in texts], np.int64)


def _integers(array: Array, classes: int) -> Labels:
    with np.errstate(invalid="ignore"):
        whole = array.astype(np.int64) if array.dtype.kind in "biuf" else None
    wrong = np.flatnonzero(whole != array) if whole is not None else np.arange(len(array))
    if whole is None or len(wrong):
        raise ValueError(
            f"Expected labels that are integers, 0 … {classes - 1}. Received: {len(wrong)} of "
            f"{len(array)} that are none, {array[wrong[0]]} in row {wrong[0]}"
        )
    outside = np.flatnonzero((whole < 0) | (whole >= classes))
    if len(outside):
        from_one = whole.min() == 1 and whole.max() == classes
        advice = "; subtract 1, classes are counted from 0" if from_one else ""
        raise ValueError(
            f"Expected labels 0 … {classes - 1}, one class for each column. Received: "
            f"{int(whole.min())} … {int(whole.max())}, {whole[outside[0]]} in row {outside[0]}"
            f"{advice}"
        )
    return np.asarray(whole)
