"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from fsspec.implementations.local import LocalFileSystem
from kedro_datasets.json import JSONDataset
from kedro_datasets.matplotlib import MatplotlibDataset
from kedro_datasets.pandas import ParquetDataset
from kedro_datasets.text import TextDataset as PlainTextDataset

from atelier.storage.atomic_write import partial_name, remove_abandoned

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class AtomicSave:
    """Writes beside the target, then renames: whoever looks finds the old file or the new one.

    To be mixed in before a dataset of kedro-datasets that writes one file.
    """

    _filepath: PurePosixPath
    _fs: AbstractFileSystem

    def save(self, data: Any) -> None:
        """Save ``data``; after an error or a kill the file that was there before still is."""
        target = self._filepath
        if isinstance(self._fs, LocalFileSystem):
            remove_abandoned(Path(target.parent))
        partial = target.with_name(partial_name(target.name))
        self._filepath = partial
        try:
            super().save(data)  # type: ignore[misc]
            self._fs.mv(str(partial), str(target))
        finally:
            self._filepath = target
            if self._fs.exists(str(partial)):
                self._fs.rm(str(partial))


class FigureDataset(AtomicSave, MatplotlibDataset):
    """A matplotlib figure as PNG; loads as the place of its file."""

    def load(self) -> Path:
        """Where the picture is."""
        return Path(self._filepath)


class TableDataset(AtomicSave, ParquetDataset):
    """A pandas table as parquet."""


class TextDataset(AtomicSave, PlainTextDataset):
    """A text."""


class RecordDataset(AtomicSave, JSONDataset):
    """A record as JSON."""
