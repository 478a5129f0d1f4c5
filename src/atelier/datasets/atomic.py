"""Datasets of kedro-datasets whose files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from fsspec.implementations.local import LocalFileSystem
from kedro_datasets._typing import HTMLPreview, TablePreview
from kedro_datasets.json import JSONDataset
from kedro_datasets.text import TextDataset as PlainTextDataset

from atelier.datasets.previews import preview_markdown, preview_records, preview_rows
from atelier.storage.atomic_write import atomic_path

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class AtomicSave:
    """Saves to a temporary file, which then replaces the file that was there before.

    To be mixed in before a dataset of kedro-datasets that writes one file.
    """

    _filepath: PurePosixPath
    _fs: AbstractFileSystem

    def save(self, data: Any) -> None:
        """Saves ``data``; after an error or a kill the file is as it was before.

        File systems other than the local one do this by their own transactions.
        """
        if not isinstance(self._fs, LocalFileSystem):
            with self._fs.transaction:
                super().save(data)  # type: ignore[misc]
            return
        path = self._filepath
        try:
            with atomic_path(Path(path)) as partial:
                self._filepath = PurePosixPath(partial)
                super().save(data)  # type: ignore[misc]
        finally:
            self._filepath = path


class TextDataset(AtomicSave, PlainTextDataset):
    """A text."""

    def preview(self) -> HTMLPreview:
        """Returns the text, which is Markdown, as Kedro-Viz shows it."""
        return preview_markdown(self.load())


class RecordDataset(AtomicSave, JSONDataset):
    """A record, a list of records or a single value as JSON."""

    def preview(self) -> TablePreview:
        """Returns the record as the table that Kedro-Viz shows."""
        data = self.load()
        if isinstance(data, list):
            return preview_records(data)
        if isinstance(data, dict):
            return preview_rows(["name", "value"], data.items())
        return preview_rows(["value"], [[data]])
