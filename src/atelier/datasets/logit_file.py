"""A file of any model's logits or probabilities with labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from atelier.datasets.base import ReadOnlyDataset
from atelier.datasets.content_digests import source_digest

if TYPE_CHECKING:
    from atelier.calibration import LabelledLogits


class LogitFileDataset(ReadOnlyDataset):
    """Loads as :class:`atelier.calibration.LabelledLogits`; ``.npz``, CSV or parquet.

    Args:
        source: The path of the file; None where the command named none.
        metadata: For Kedro-Viz.
    """

    def __init__(self, *, source: str | None, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(metadata=metadata, source=source)
        self._source = source

    def content_digest(self) -> str | None:
        """Returns the digest of the file; None where there is none."""
        return None if self._source is None else source_digest(str(self._source))

    def load(self) -> LabelledLogits:
        """Returns the logits.

        Raises:
            DatasetError: If no file was named, or it cannot be read (the message begins with the
                file's path).
        """
        from atelier.calibration import read_logits

        if self._source is None:
            raise DatasetError("Expected --params logits=FILE. Received: no file")
        try:
            return read_logits(str(self._source))
        except (OSError, ValueError) as error:
            raise DatasetError(str(error)) from error
