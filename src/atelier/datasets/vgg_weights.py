"""VGG16's weights, read only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from atelier.datasets.base import ReadOnlyDataset

if TYPE_CHECKING:
    from atelier.data.vgg_weights import VggWeights


class VggWeightsDataset(ReadOnlyDataset):
    """Loads as a :class:`atelier.data.vgg_weights.VggWeights`.

    Args:
        source: ``hed``, ``imagenet`` or the path of an HDF5 file.
        metadata: For Kedro-Viz.
    """

    def __init__(self, *, source: str, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(metadata=metadata, source=source)
        self._source = source

    def load(self) -> VggWeights:
        """Returns the weights, their name and their digest."""
        from atelier.data.vgg_weights import read_vgg_weights

        return read_vgg_weights(self._source)
