"""Figures as PNG. Matplotlib is imported by the nodes that draw, not by the dataset."""

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
        save_args: Arguments of matplotlib's ``savefig``, such as ``dpi``.
        metadata: For Kedro-Viz and hooks; not used by the dataset.
    """

    def __init__(
        self,
        *,
        filepath: str,
        save_args: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, metadata=metadata)
        self._save_args = dict(save_args or {})

    def save(self, data: Figure) -> None:
        """Replaces the file as a whole."""
        with atomic_path(self._filepath) as partial:
            data.savefig(partial, **self._save_args)

    def load(self) -> Path:
        """Returns the path of the picture."""
        return self._filepath

    def preview(self) -> ImagePreview:
        """Returns the picture as Kedro-Viz shows it."""
        return preview_file(self._filepath)
