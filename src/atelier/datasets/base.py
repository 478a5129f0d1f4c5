"""The bases of datasets: those that nodes only load, and those of one local file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


class ReadOnlyDataset(AbstractDataset[None, Any]):
    """A dataset that always exists and refuses to be saved; a subclass writes ``load``.

    Args:
        metadata: For Kedro-Viz and hooks; not used by the dataset.
        **settings: The settings that the dataset's description shows.
    """

    def __init__(self, *, metadata: Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.metadata = metadata
        self._settings = settings

    def save(self, data: None) -> NoReturn:
        """Refuses to save.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError(f"Expected {self} to be loaded only. Received: save")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return self._settings


class FileDataset(AbstractDataset[Any, Any]):
    """A dataset of one local file; a subclass writes ``load`` and ``save``.

    Args:
        filepath: The path of the file.
        metadata: For Kedro-Viz and hooks; not used by the dataset.
    """

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
