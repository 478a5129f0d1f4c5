"""Where the content of a dataset lies, and its digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from kedro.io import AbstractVersionedDataset, CachedDataset, DatasetError, MemoryDataset

LOCAL = (None, "", "file", "local")
"""Names of the local file system."""


@runtime_checkable
class HasContentDigest(Protocol):
    """A dataset that is not one local file or folder, and tells itself what its content is.

    Such as a model in a registry, or a dataset that loads others. A dataset whose data is made by
    its code and its settings alone returns any constant.
    """

    def content_digest(self) -> str | None:
        """Returns a text that differs where the content differs; None where there is none."""


def is_stored(dataset: Any) -> bool:
    """Returns whether a dataset outlives the run.

    Args:
        dataset: A dataset of Kedro. One in memory does not; one that is cached in memory does.
    """
    inner = uncached(dataset)
    return not (isinstance(inner, MemoryDataset) or getattr(inner, "_EPHEMERAL", False))


def uncached(dataset: Any) -> Any:
    """Returns the dataset behind Kedro's cache, or the dataset itself."""
    return dataset._dataset if isinstance(dataset, CachedDataset) else dataset


def path_of(dataset: Any) -> Path | None:
    """Returns the local file or folder of a dataset, of several versions the one it loads.

    Args:
        dataset: A dataset of Kedro.

    Returns:
        None for a dataset without a local path, or without any version yet.
    """
    if getattr(dataset, "_protocol", None) not in LOCAL:
        return None
    path = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
    if isinstance(dataset, AbstractVersionedDataset):
        try:
            path = dataset._get_load_path()
        except DatasetError:  # no version was saved yet
            return None
    return None if path is None else Path(path)


def has_path(dataset: Any) -> bool:
    """Returns whether the content of a dataset is a local file or folder."""
    if getattr(dataset, "_protocol", None) not in LOCAL:
        return False
    return any(getattr(dataset, name, None) is not None for name in ("_filepath", "_path"))
