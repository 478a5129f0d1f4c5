"""Finished chunks on disk, from which an interrupted study resumes."""

import json
import logging
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from atelier.storage.atomic_write import remove_abandoned, write_atomically
from atelier.storage.damage import DAMAGE
from atelier.storage.digests import bytes_digest
from atelier.types import Arrays

logger = logging.getLogger(__name__)

ENGINE = 3
"""Raised when the engine's results change: chunks of another engine are not reused."""


class StudyFolder:
    """A folder with one subfolder of chunks for each study, named by the study's fingerprint.

    Another plan, network, code or other data is another study in a subfolder of its own, so chunks
    of different studies never mix and none is deleted.

    Args:
        folder: The folder, which need not exist.
        code: Digest of the code that trains; empty where it is not known, as in the bare command.
    """

    def __init__(self, folder: Path, *, code: str = "") -> None:
        self._root, self._code = folder, code

    def with_code(self, code: str) -> Self:
        """Returns the folder for studies of some code."""
        return type(self)(self._root, code=code)

    def open(self, plan: dict[str, Any], data: Arrays) -> "ChunkStore":
        """Opens the study of this plan on this data, with the chunks that are finished.

        A warning names the studies that the folder already holds if this one is new.
        """
        record = {"engine": ENGINE, "plan": plan, "data": _hashes(data)}
        record |= {"code": self._code} if self._code else {}
        text = json.dumps(record, indent=2, sort_keys=True)
        name = bytes_digest(text.encode())[:12]
        stored = sorted(p.parent.name for p in self._root.glob("*/study.json"))
        folder = self._root / name
        if stored and name not in stored:
            logger.warning(
                "A new study, %s, begins: its parameters, data or code differ from those of %s, "
                "which stay unchanged in %s",
                *(name, ", ".join(stored), self._root),
            )
        folder.mkdir(parents=True, exist_ok=True)
        for study in self._root.iterdir():
            remove_abandoned(study)
        write_atomically(folder / "study.json", text.encode())
        return ChunkStore(folder)


class ChunkStore:
    """The finished chunks of one study, one parquet file each.

    A file appears only when it is complete.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def finished(self) -> set[int]:
        """Returns the indices of the chunks that are stored."""
        chunks = self._folder.glob("chunk-*.parquet")
        return {int(path.stem.removeprefix("chunk-")) for path in chunks}

    def write(self, index: int, rows: pd.DataFrame) -> None:
        """Stores a finished chunk."""
        write_atomically(self._path(index), rows.to_parquet(index=False))

    def read(self, index: int) -> pd.DataFrame:
        """Reads a finished chunk.

        Raises:
            ValueError: If the file is damaged.
        """
        try:
            return pd.read_parquet(self._path(index))
        except (*DAMAGE, ArrowException) as error:
            raise ValueError(
                f"{self._path(index)}: Expected a whole chunk of the study. Received: {error}. "
                "Remove the file, and the next run trains the chunk again"
            ) from error

    def _path(self, index: int) -> Path:
        return self._folder / f"chunk-{index:05}.parquet"


def _hashes(data: Arrays) -> dict[str, str]:
    return {
        name: bytes_digest(np.ascontiguousarray(array).data) for name, array in sorted(data.items())
    }
