"""Named arrays in one npz file, never a pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io import AbstractDataset, DatasetError

from atelier.storage.atomic_write import atomic_path
from atelier.types import Array, Arrays


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write arrays to ``path``, which appears by rename.

    Raises:
        TypeError: An array holds Python objects, which only a pickle could keep.
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise TypeError(f"Expected plain arrays. Received: {name} of dtype object")
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]


def read_npz(path: Path) -> dict[str, Array]:
    """The arrays in ``path``.

    Raises:
        ValueError: The file is damaged, or holds a pickle.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise ValueError(
            f"Expected a whole npz file without pickles. Received: {path}, {error}"
        ) from error


class NpzDataset(AbstractDataset[Arrays, dict[str, Array]]):
    """Loads and saves a mapping of names to arrays."""

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> dict[str, Array]:
        """The arrays by name."""
        return read_npz(self._filepath)

    def save(self, data: Arrays) -> None:
        """Replace the file as a whole."""
        try:
            write_npz(self._filepath, data)
        except TypeError as error:
            raise DatasetError(str(error)) from error

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
