"""Labels pictures part by part; a run that was killed continues with the next part."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from atelier.prediction.executors import Executor
from atelier.prediction.model import ServedModel
from atelier.prediction.parts import COLUMNS, PicturePart, divide
from atelier.prediction.selection import PICTURE, choose_of_parts
from atelier.prediction.sources import PictureSource
from atelier.types import Metrics

logger = logging.getLogger(__name__)

LISTED = 1000
"""Unreadable pictures in the table of them; the whole table has all."""


class PredictionStore(Protocol):
    """Where finished parts are written (in a test, a dictionary)."""

    def has(self, index: int, fingerprint: str) -> bool:
        """Tells whether a part is there that was made under ``fingerprint``."""
        ...

    def save(self, index: int, fingerprint: str, table: pa.Table) -> None:
        """Writes a part."""
        ...

    def read(self, index: int, columns: list[str] | None = None) -> pa.Table:
        """Reads a part."""
        ...

    def finish(self, parts: int) -> None:
        """Joins so many parts to one table."""
        ...


@dataclass(frozen=True)
class Predictions:
    """What is known of all pictures; their table is in the store."""

    selected: pd.DataFrame
    """The surest, the least sure and the rejected pictures: ``kind``, ``file``, ``label``,
    ``probability``, ``log_density``, ``reject``, and ``picture``, a PNG file."""
    unreadable: pd.DataFrame
    """``file`` and ``problem`` of the first of them."""
    count: int
    failed: int
    kept: int
    """Pictures that an earlier run had labelled."""
    rejected: int
    probability: float
    """Sum over the pictures that were read."""


def label_pictures(
    source: PictureSource,
    model: ServedModel,
    store: PredictionStore,
    executor: Executor,
    *,
    part: int,
    threads: int = 0,
) -> Predictions:
    """Labels all pictures of a source; only some parts are in memory at a time.

    Parts that the store has of the same pictures and model are kept.

    Args:
        source: The pictures.
        model: Labels them.
        store: Receives each part at once, and joins them at the end.
        executor: Labels the parts, here or on other machines.
        part: Pictures in a part.
        threads: Of TensorFlow.

    Returns:
        Counts, and the pictures to be shown.

    Raises:
        ValueError: If there are no pictures, or the source is damaged.
    """
    bar = tqdm(total=source.count, unit="image", desc="predict", leave=False, disable=None)
    with bar:
        pending = _Pending(divide(source.read(), part), store, model.digest, bar.update)
        for index, table in executor(model, iter(pending), threads):
            store.save(index, pending.fingerprints.pop(index), table)
            bar.update(table.num_rows)
    if not pending.parts:
        raise ValueError(f"{source.path}: Expected pictures. Received: none")
    if pending.kept:
        logger.info("%d pictures were labelled by an earlier run and are kept", pending.kept)
    store.finish(pending.parts)
    return _summarize(store, pending.parts, pending.kept)


class _Pending:
    """Yields the parts that the store lacks, and counts all of them.

    Args:
        parts: All parts in their order.
        store: Where finished ones are.
        model: Digest of the model.
        skip: Called with the number of pictures in a part that is kept.
    """

    def __init__(
        self,
        parts: Iterator[PicturePart],
        store: PredictionStore,
        model: str,
        skip: Callable[[int], object],
    ) -> None:
        self._parts, self._store, self._model, self._skip = parts, store, model, skip
        self.parts = self.kept = 0
        self.fingerprints: dict[int, str] = {}
        """Of the parts that are being labelled."""

    def __iter__(self) -> Iterator[PicturePart]:
        for part in self._parts:
            self.parts += 1
            fingerprint = part.fingerprint(self._model)
            if self._store.has(part.index, fingerprint):
                self.kept += len(part.names)
                self._skip(len(part.names))
            else:
                self.fingerprints[part.index] = fingerprint
                yield part


def _summarize(store: PredictionStore, parts: int, kept: int) -> Predictions:
    """Reads the parts one by one."""
    problems: list[pd.DataFrame] = []
    count = failed = rejected = 0
    probability = 0.0
    for index in range(parts):
        table = store.read(index, list(COLUMNS))
        bad = table.filter(pc.not_equal(table["problem"], ""))
        count, failed = count + table.num_rows, failed + bad.num_rows
        rejected += int(pc.sum(table["reject"]).as_py() or 0)
        probability += float(np.nansum(table["probability"].to_numpy().astype(np.float64)))
        if bad.num_rows and sum(map(len, problems)) < LISTED:
            problems.append(bad.select(["file", "problem"]).to_pandas())
    selected = choose_of_parts(_shown(store, index) for index in range(parts))
    unreadable = pd.concat(problems, ignore_index=True) if problems else None
    return Predictions(
        selected.drop(columns=["place", "row"], errors="ignore"),
        pd.DataFrame({"file": [], "problem": []}, dtype=object)
        if unreadable is None
        else unreadable.head(LISTED),
        count, failed, kept, rejected, probability,
    )  # fmt: skip


def _shown(store: PredictionStore, index: int) -> pd.DataFrame:
    """Returns the rows of a part that have a picture; ``place`` tells them apart."""
    columns = ["file", "label", "probability", "log_density", "reject", PICTURE]
    table = store.read(index, columns)
    rows = np.flatnonzero(table[PICTURE].is_valid().to_numpy())
    frame: pd.DataFrame = table.take(pa.array(rows)).to_pandas()
    return frame.assign(place=[f"{index}:{row}" for row in rows])


def check_readable(predictions: Predictions, largest_share: float) -> None:
    """Checks that not too many pictures could not be read, and logs the first of them.

    Args:
        predictions: Of all pictures.
        largest_share: That may be unreadable.

    Raises:
        ValueError: If more are; the message names the first of them.
    """
    if not predictions.failed:
        return
    rows = predictions.unreadable.head(5).itertuples(index=False)
    listed = "\n  ".join(f"{row.file}: {row.problem}" for row in rows)
    if predictions.failed > largest_share * predictions.count:
        raise ValueError(
            f"Expected at most {largest_share:.2%} of {predictions.count:,} pictures to be "
            f"unreadable. Received: {predictions.failed:,}:\n  {listed}\nThe labels of the others "
            "are written: repair or remove these, or allow more by --params unreadable=0.1"
        )
    logger.warning("%d pictures could not be read:\n  %s", predictions.failed, listed)


def prediction_metrics(predictions: Predictions) -> Metrics:
    """Returns ``n``, ``unreadable``, ``kept``, ``rejected_share`` and ``mean_probability``.

    Args:
        predictions: Of all pictures.
    """
    n = predictions.count - predictions.failed
    return {
        "n": float(n),
        "unreadable": float(predictions.failed),
        "kept": float(predictions.kept),
        "rejected_share": predictions.rejected / n if n else 0.0,
        "mean_probability": predictions.probability / n if n else 0.0,
    }
