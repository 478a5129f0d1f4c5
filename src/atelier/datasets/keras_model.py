"""Keras models in ``.keras`` files; Keras is imported only when one is read or written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from atelier.storage.atomic_write import atomic_path


class KerasModelDataset(AbstractDataset[Any, Any]):
    """Loads and saves one model, in safe mode: no code is run that a file brings along."""

    def __init__(
        self,
        *,
        filepath: str,
        threads: int | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._threads = threads
        self.metadata = metadata

    def load(self) -> Any:
        """The model, compiled if it was.

        Raises:
            DatasetError: The file is damaged (raised by Kedro from what Keras says).
        """
        import keras

        if self._threads is not None:  # loading may be the first that TensorFlow has to do
            from atelier.training.reproducibility import fix_threads

            fix_threads(self._threads)
        return keras.saving.load_model(self._filepath, safe_mode=True)

    def save(self, data: Any) -> None:
        """Replace the file as a whole."""
        with atomic_path(self._filepath) as partial:
            data.save(partial)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
