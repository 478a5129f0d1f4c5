"""VGG16's weights, read only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atelier.datasets.base import ReadOnlyDataset

if TYPE_CHECKING:
    from atelier.data.vgg_weights import Trunk


class VggWeightsDataset(ReadOnlyDataset):
    """Loads as a :class:`atelier.data.vgg_weights.Trunk`.

    Args:
        source: ``hed``, ``imagenet`` or the path of an HDF5 file.
        metadata: For Kedro-Viz.
    """

    def __init__(self, *, source: str, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(metadata=metadata, source=source)
        self._source = source

    def load(self) -> Trunk:
        """Returns the weights, their name and their digest."""
        from atelier.data.vgg_weights import read_trunk

        return read_trunk(self._source)
