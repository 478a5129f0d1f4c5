"""A file with a Keras model of the user."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kedro.io import DatasetError

from atelier.datasets.base import ReadOnlyDataset
from atelier.datasets.content_digests import source_digest


class ModelFileDataset(ReadOnlyDataset):
    """Loads a ``.keras`` or ``.h5`` file in safe mode, not compiled.

    Args:
        source: The path of the file; None where the command named none.
        threads: Number of TensorFlow's threads, set before the model is loaded.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self, *, source: str | None, threads: int, metadata: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(metadata=metadata, source=source)
        self._source, self._threads = source, threads

    def content_digest(self) -> str | None:
        """Returns the digest of the file; None where there is none."""
        return None if self._source is None else source_digest(str(self._source))

    def load(self) -> Any:
        """Returns the model.

        Raises:
            DatasetError: If no file was named, or it is no model that Keras can read safely (the
                message begins with the file's path).
        """
        if self._source is None:
            raise DatasetError("Expected --params model=FILE.keras. Received: no file")
        import atelier.maxout.networks  # noqa: F401  registers its layer, wherever it was saved
        from atelier.training import read_model, set_threads

        set_threads(self._threads)
        try:
            return read_model(str(self._source))
        except (OSError, ValueError) as error:
            raise DatasetError(str(error)) from error
