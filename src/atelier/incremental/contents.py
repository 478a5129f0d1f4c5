"""Digests of files and datasets, computed only where the state of a file has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from atelier.incremental.dataset_files import HasContentDigest, path_of, uncached
from atelier.incremental.file_states import content_digest_of, is_settled, stamp_of


class Content(BaseModel, frozen=True, extra="forbid"):
    """The content of a file, a folder or a dataset at one moment.

    Attributes:
        digest: Differs where the content differs.
        stamp: Size and times, which tell without reading that a file is the same; None where they
            could not, since the file had only just been written, or for a dataset without a file.
    """

    digest: str
    stamp: str | None = None


class Contents:
    """Reads contents, of each file once in a process as long as it stays the same."""

    def __init__(self) -> None:
        self._read_before: dict[Path, Content] = {}

    def of_path(self, path: Path, recorded: Content | None = None) -> Content | None:
        """Returns the content of a file or folder; None where there is none.

        Args:
            path: The file or folder.
            recorded: What it was earlier. Its digest is taken where the stamp is the same.
        """
        stamp = stamp_of(path)
        if stamp is None:
            return None
        for earlier in (self._read_before.get(path), recorded):
            if earlier is not None and earlier.stamp == stamp:
                return earlier
        return self._read(path, stamp)

    def of_dataset(self, dataset: Any, recorded: Content | None = None) -> Content | None:
        """Returns the content of a dataset; None where there is none, or where nothing tells it.

        Args:
            dataset: A dataset of Kedro.
            recorded: What it was earlier.
        """
        dataset = uncached(dataset)
        if isinstance(dataset, HasContentDigest):
            digest = dataset.content_digest()
            return None if digest is None else Content(digest=digest)
        path = path_of(dataset)
        return None if path is None else self.of_path(path, recorded)

    def _read(self, path: Path, stamp: str) -> Content | None:
        """Returns the content of a file or folder that has a stamp; None if it goes meanwhile."""
        try:
            settled = is_settled(path)
            digest = content_digest_of(path)
            settled = settled and stamp_of(path) == stamp
        except FileNotFoundError:
            return None
        if digest is None:
            return None
        content = Content(digest=digest, stamp=stamp if settled else None)
        self._read_before[path] = content
        return content
