"""Interactive plots as pages that need no network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kedro_datasets._typing import PlotlyPreview

from atelier.datasets.base import FileDataset
from atelier.storage.atomic_write import atomic_path
from atelier.storage.digests import bytes_digest, file_digest

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class PlotDataset(FileDataset):
    """Saves a plotly figure as one self-contained HTML page, and its JSON beside it.

    People open the page, in MLflow or from the disk; the dataset and Kedro-Viz load the JSON.
    """

    @property
    def _record(self) -> Path:
        return self._filepath.with_suffix(".json")

    def save(self, data: Figure) -> None:
        """Replaces both files, each as a whole."""
        with atomic_path(self._record) as partial:
            partial.write_text(data.to_json(), encoding="utf-8")
        with atomic_path(self._filepath) as partial:
            page = data.to_html(include_plotlyjs=True, config={"displaylogo": False})
            partial.write_text(page, encoding="utf-8")

    def load(self) -> Figure:
        """Returns the figure."""
        from plotly.io import from_json

        return from_json(self._record.read_text(encoding="utf-8"))

    def content_digest(self) -> str | None:
        """Returns a digest of both files, so that a change of either is noticed; None without."""
        if not self._exists():
            return None
        return bytes_digest((file_digest(self._record) + file_digest(self._filepath)).encode())

    def preview(self) -> PlotlyPreview:
        """Returns the figure as Kedro-Viz shows it."""
        return PlotlyPreview(json.loads(self._record.read_text(encoding="utf-8")))

    def _exists(self) -> bool:
        return self._filepath.is_file() and self._record.is_file()
