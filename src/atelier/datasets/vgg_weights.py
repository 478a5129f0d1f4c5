"""VGG16's weights, read only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

if TYPE_CHECKING:
    from atelier.data.vgg_weights import Trunk


class VggWeightsDataset(AbstractDataset[None, Any]):
    """Loads as a :class:`atelier.data.vgg_weights.Trunk`.

    Args:
        source: ``hed``, ``imagenet`` or the path of an HDF5 file.
    """

    def __init__(self, *, source: str, metadata: Mapping[str, Any] | None = None) -> None:
        self._source = source
        self.metadata = metadata

    def load(self) -> Trunk:
        """Weights, their name and their digest."""
        from atelier.data.vgg_weights import read_trunk

        return read_trunk(self._source)

    def save(self, data: None) -> None:
        """Refuse: nothing here trains them."""
        raise DatasetError("Expected weights to be read only. Received: save")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"source": self._source}
