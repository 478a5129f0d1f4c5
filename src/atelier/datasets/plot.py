"""Interactive plots as pages that need no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import PlotlyPreview

from atelier.storage.atomic_write import atomic_path

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


class PlotDataset(AbstractDataset["Figure", "Figure"]):
    """Saves a plotly figure as one self-contained HTML page, and its JSON beside it.

    The page is for people, in MLflow or from the disk; from the JSON it is loaded and shown in
    Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    @property
    def _record(self) -> Path:
        return self._filepath.with_suffix(".json")

    def save(self, data: Figure) -> None:
        """Write both files, each as a whole."""
        with atomic_path(self._record) as partial:
            partial.write_text(data.to_json(), encoding="utf-8")
        with atomic_path(self._filepath) as partial:
            page = data.to_html(include_plotlyjs=True, config={"displaylogo": False})
            partial.write_text(page, encoding="utf-8")

    def load(self) -> Figure:
        """The figure."""
        from plotly.io import from_json

        return from_json(self._record.read_text(encoding="utf-8"))

    def preview(self) -> PlotlyPreview:
        """What Kedro-Viz shows."""
        import json

        return PlotlyPreview(json.loads(self._record.read_text(encoding="utf-8")))

    def _exists(self) -> bool:
        return self._filepath.is_file() and self._record.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
