"""Finished chunks on disk: what a killed study goes on from."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atelier.storage.atomic_write import remove_abandoned, write_atomically
from atelier.types import Arrays

logger = logging.getLogger(__name__)

ENGINE = 3
"""Raised when the engine's results change: chunks of another engine are not gone on from."""


class Ledger:
    """A folder with a study's chunks, one parquet file each, under the study's fingerprint.

    A chunk appears whole or not at all. Another plan, network or other data is another study in
    another folder beside it: nothing mixes, nothing is lost.
    """

    def __init__(self, folder: Path) -> None:
        self._root = folder

    def open(self, plan: dict[str, Any], data: Arrays) -> "Study":
        """The study of this plan on this data, as far as it has come."""
        record = {"engine": ENGINE, "plan": plan, "data": _hashes(data)}
        text = json.dumps(record, indent=2, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:12]
        others = sorted(p.parent.name for p in self._root.glob("*/study.json"))
        folder = self._root / name
        if others and name not in others:
            logger.warning(
                "A new study, %s, begins: its parameters or data are not those of %s, "
                "which are left as they are in %s",
                *(name, ", ".join(others), self._root),
            )
        folder.mkdir(parents=True, exist_ok=True)
        for study in self._root.iterdir():
            remove_abandoned(study)
        write_atomically(folder / "study.json", text.encode())
        return Study(folder)


class Study:
    """The chunks of one study."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def finished(self) -> set[int]:
        """Indices of the chunks that are whole."""
        chunks = self._folder.glob("chunk-*.parquet")
        return {int(path.stem.removeprefix("chunk-")) for path in chunks}

    def write(self, index: int, rows: pd.DataFrame) -> None:
        """Keep a finished chunk."""
        write_atomically(self._path(index), rows.to_parquet(index=False))

    def read(self, index: int) -> pd.DataFrame:
        """A finished chunk."""
        return pd.read_parquet(self._path(index))

    def _path(self, index: int) -> Path:
        return self._folder / f"chunk-{index:05}.parquet"


def _hashes(data: Arrays) -> dict[str, str]:
    return {
        name: hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
        for name, array in sorted(data.items())
    }
