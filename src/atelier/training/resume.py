"""The loop of every computation that can be killed and continued: rounds, rows, checkpoints."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier.types import Array, Arrays, Checkpoint, MetricLog

logger = logging.getLogger(__name__)

LAYOUT = "columns"
"""How a checkpoint holds its rows; part of the fingerprint, so that no other layout is misread."""
COLUMN = "history."

Row = dict[str, Any]
"""What one round reports: numbers, texts or truth values by column."""
Rows = list[Row]


class Resumable(Protocol):
    """A computation in rounds that can be stopped after each of them.

    All that is random in a round is a function of the seed and the round's number. A computation
    that was killed therefore ends with the same numbers as one that was not.
    """

    def state(self) -> Arrays:
        """Returns everything that the next round starts from, except the rows."""
        ...

    def restore(self, state: Arrays) -> None:
        """Takes up a state that `state` returned."""
        ...

    def finished(self, history: Rows) -> bool:
        """Returns whether the rows of all rounds so far are all that there will be."""
        ...

    def advance(self, history: Rows) -> Row:
        """Computes one more round after those of `history` and returns its row."""
        ...


def run_rounds(
    computation: Resumable, fingerprint: str, *, curve: MetricLog, checkpoint: Checkpoint
) -> Rows:
    """Runs all rounds of a computation, from its last checkpoint where there is one.

    After each round the row goes to `curve`, then state and rows go to `checkpoint`. Rows of
    restored rounds go to `curve` first. The caller clears the checkpoint once the result is safe.

    Args:
        computation: What is computed; changed in place.
        fingerprint: Digest of all that decides the result, see `fingerprint_of`. A checkpoint with
            another fingerprint is ignored.
        curve: Receives each row as its round ends.
        checkpoint: Keeps the state after each round.

    Returns:
        The row of each round, the first round first.

    Examples:
        >>> import numpy as np
        >>> from atelier.training import run_rounds
        >>> class Sum:
        ...     total = 0
        ...     def state(self):
        ...         return {"total": np.array(self.total)}
        ...     def restore(self, state):
        ...         self.total = int(state["total"])
        ...     def finished(self, history):
        ...         return len(history) == 3
        ...     def advance(self, history):
        ...         self.total += len(history)
        ...         return {"total": self.total}
        >>> class Nowhere:
        ...     def restore(self, fingerprint):
        ...         return None
        ...     def save(self, fingerprint, state):
        ...         pass
        >>> run_rounds(Sum(), "sum of 0, 1, 2", curve=[], checkpoint=Nowhere())
        [{'total': 0}, {'total': 1}, {'total': 3}]
    """
    history: Rows = []
    saved = checkpoint.restore(fingerprint)
    if saved is not None:
        computation.restore(saved)
        history = history_from_arrays(saved)
        logger.info("Continuing after round %d", len(history))
        for row in history:
            curve.append(row)
    while not computation.finished(history):
        history.append(computation.advance(history))
        curve.append(history[-1])
        checkpoint.save(fingerprint, dict(computation.state()) | history_to_arrays(history))
    return history


def fingerprint_of(description: str, *arrays: Arrays) -> str:
    """Returns a digest of all that decides a result: a checkpoint serves only the same result.

    Args:
        description: The network and every parameter, as text.
        arrays: The data that is learnt from and evaluated on.

    Returns:
        SHA-256 as 64 hexadecimal digits.

    Examples:
        >>> import numpy as np
        >>> from atelier.training import fingerprint_of
        >>> split = {"labels": np.arange(3)}
        >>> fingerprint_of("rate 0.1", split) == fingerprint_of("rate 0.2", split)
        False
    """
    digest = hashlib.sha256(f"{LAYOUT} {description}".encode())
    for group in arrays:
        for name in sorted(group):
            digest.update(np.ascontiguousarray(group[name]).data)
    return digest.hexdigest()


def history_to_arrays(history: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
    """Returns one array (rows,) for each column, named ``history.<column>``, in their order.

    All rows must have the columns of the first.
    """
    columns = list(history[0]) if history else []
    return {COLUMN + name: np.array([row[name] for row in history]) for name in columns}


def history_from_arrays(state: Arrays) -> Rows:
    """Returns the rows that `history_to_arrays` made into arrays, other arrays left out."""
    columns = {
        name.removeprefix(COLUMN): array.tolist()
        for name, array in state.items()
        if name.startswith(COLUMN)
    }
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def prefixed(prefix: str, arrays: Arrays) -> dict[str, Array]:
    """Returns the arrays under the names ``<prefix>.<name>``, to lie in one state with others."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def without_prefix(prefix: str, state: Arrays) -> dict[str, Array]:
    """Returns the arrays of a state that `prefixed` named, by their names before."""
    start = f"{prefix}."
    return {name.removeprefix(start): v for name, v in state.items() if name.startswith(start)}


def numbered(values: Sequence[Any]) -> dict[str, Array]:
    """Returns variables or arrays as arrays that are named by their positions, from ``0``."""
    return {str(index): np.asarray(value) for index, value in enumerate(values)}


def in_order(arrays: Arrays) -> list[Array]:
    """Returns the arrays that `numbered` named, in their order."""
    return [arrays[str(index)] for index in range(len(arrays))]


def assign(variables: Sequence[Any], arrays: Arrays) -> None:
    """Sets Keras or TensorFlow variables to the values that `numbered` took from them."""
    for variable, value in zip(variables, in_order(arrays), strict=True):
        variable.assign(value)
