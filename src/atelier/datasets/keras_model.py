"""Keras models in ``.keras`` files; Keras is imported only when one is read or written."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from typing import Any

from kedro_datasets._typing import TablePreview

from atelier.datasets.base import FileDataset
from atelier.datasets.previews import preview_rows
from atelier.storage.atomic_write import atomic_path


class KerasModelDataset(FileDataset):
    """Loads and saves one model, in safe mode: no code in a file is run.

    Args:
        filepath: The path of the ``.keras`` file.
        threads: Number of TensorFlow's threads, set before a model is loaded; 0 lets TensorFlow
            choose, None leaves them as they are.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        filepath: str,
        threads: int | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, metadata=metadata)
        self._threads = threads

    def load(self) -> Any:
        """Returns the model, compiled if it was compiled when it was saved.

        Raises:
            DatasetError: If the file is damaged (raised by Kedro from Keras' error).
        """
        import keras

        import atelier.maxout.networks  # noqa: F401  registers its layer, wherever it was saved

        if self._threads is not None:  # TensorFlow fixes its threads at its first operation
            from atelier.training.reproducibility import set_threads

            set_threads(self._threads)
        return keras.saving.load_model(self._filepath, safe_mode=True)

    def save(self, data: Any) -> None:
        """Replaces the file as a whole."""
        with atomic_path(self._filepath) as partial:
            data.save(partial)

    def preview(self) -> TablePreview:
        """Returns the model's layers as Kedro-Viz shows them, without Keras."""
        with zipfile.ZipFile(self._filepath) as file:
            layers = json.loads(file.read("config.json"))["config"]["layers"]
        rows = [(layer["config"].get("name"), layer["class_name"]) for layer in layers]
        return preview_rows(["layer", "kind"], rows)
