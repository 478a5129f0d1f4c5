"""Figures as PNG. Matplotlib is imported by the nodes that draw, and not before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_datasets._typing import ImagePreview

from atelier.datasets.base import FileDataset
from atelier.datasets.previews import preview_file
from atelier.storage.atomic_write import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FigureDataset(FileDataset):
    """A matplotlib figure as PNG, which loads as the path of its file.

    Args:
        filepath: The path of the file.
        dpi: Pixels of an inch; by default those of the figure.
        metadata: For Kedro-Viz and hooks; not used by the dataset.
    """

    def __init__(
        self,
        *,
        filepath: str,
        dpi: float | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, metadata=metadata)
        self._dpi = dpi

    def save(self, data: Figure) -> None:
        """Replaces the file as a whole."""
        from atelier.plotting import write_png

        with atomic_path(self._filepath) as partial:
            write_png(data, partial, dpi=self._dpi)

    def load(self) -> Path:
        """Returns the path of the picture."""
        return self._filepath

    def preview(self) -> ImagePreview:
        """Returns the picture as Kedro-Viz shows it."""
        return preview_file(self._filepath)
