"""Named arrays in one npz file, never a pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from kedro.io import DatasetError
from kedro_datasets._typing import TablePreview

from atelier.data.npz_arrays import read_npz_arrays
from atelier.datasets.base import FileDataset
from atelier.datasets.previews import preview_arrays
from atelier.storage.atomic_write import atomic_path
from atelier.types import Array, Arrays


def write_npz(path: Path, arrays: Arrays) -> None:
    """Writes named arrays to a file, which is replaced as a whole.

    Raises:
        TypeError: If an array holds Python objects, which only a pickle could store.
    """
    for name, array in arrays.items():
        if np.asarray(array).dtype.hasobject:
            raise TypeError(f"Expected plain arrays. Received: {name} of dtype object")
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]


def read_npz(path: Path) -> dict[str, Array]:
    """Returns the arrays in a file by name.

    Raises:
        ValueError: If the file is damaged, or holds a pickle.
    """
    with path.open("rb") as file:
        return read_npz_arrays(file, str(path))


class NpzDataset(FileDataset):
    """Loads and saves a mapping of names to arrays."""

    def load(self) -> dict[str, Array]:
        """Returns the arrays by name."""
        return read_npz(self._filepath)

    def save(self, data: Arrays) -> None:
        """Replaces the file as a whole.

        Raises:
            DatasetError: If an array holds Python objects.
        """
        try:
            write_npz(self._filepath, data)
        except TypeError as error:
            raise DatasetError(str(error)) from error

    def preview(self) -> TablePreview:
        """Returns names, shapes and types as Kedro-Viz shows them."""
        return preview_arrays(self._filepath)
