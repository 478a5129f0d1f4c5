"""Histories as arrays, so that a checkpoint can keep them beside the weights."""

from collections.abc import Sequence

import numpy as np

from atelier.types import Array, Arrays, History


def history_to_arrays(history: History) -> dict[str, Array]:
    """``names`` (columns,) and ``history`` (rows, columns) of rows that all have the same names.

    The names stay in the order of the first row.
    """
    names = list(history[0]) if history else []
    rows: Sequence[Sequence[float]] = [[row[name] for name in names] for row in history]
    return {"names": np.array(names, dtype=str), "history": np.array(rows, float)}


def history_from_arrays(state: Arrays) -> list[dict[str, float]]:
    """The rows that :func:`history_to_arrays` made into arrays."""
    names = [str(name) for name in state["names"]]
    return [dict(zip(names, map(float, row), strict=True)) for row in state["history"]]
