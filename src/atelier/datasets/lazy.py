"""Datasets that a node loads only if it needs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from atelier.datasets.base import ReadOnlyDataset

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


class LazyDataset(ReadOnlyDataset):
    """Loads as a function that loads other datasets of the catalog.

    Args:
        names: The datasets' names in the catalog, by the keys of the result.
        advice: What to do where one of them is missing.
        metadata: For Kedro-Viz; ``reads_catalog: true`` gives the dataset its catalog.
    """

    catalog: CatalogProtocol[Any, Any]

    def __init__(
        self, *, names: Mapping[str, str], advice: str, metadata: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(metadata=metadata, names=dict(names))
        self._names, self._advice = dict(names), advice

    def load(self) -> Callable[[], dict[str, Any]]:
        """Returns the function, whose result has the data by key."""
        return self._load_all

    def _load_all(self) -> dict[str, Any]:
        """Returns the data by key.

        Raises:
            DatasetError: If a dataset does not exist.
        """
        missing = [name for name in self._names.values() if not self.catalog.exists(name)]
        if missing:
            raise DatasetError(
                f"Expected {', '.join(missing)} to be there. Received: nothing. {self._advice}"
            )
        return {key: self.catalog.load(name) for key, name in self._names.items()}
