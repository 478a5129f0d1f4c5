"""Downloads: published archives, hash-checked, kept for the next run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError

if TYPE_CHECKING:
    from atelier.data.sources import DataSet, RemoteFile

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30


def retrieve(file: RemoteFile, addresses: Sequence[str], folder: Path) -> Path:
    """Where ``file`` lies, downloaded from the first address that gives its true bytes.

    A file that is there with the right hash is not downloaded again.

    Raises:
        ConnectionError: No address gave it; says what each one did.
    """
    import pooch

    verified = ":" in file.digest
    if not verified:
        logger.warning("%s: unverified, no published hash is known", file.name)
    failures = []
    for address in addresses:
        try:
            path = pooch.retrieve(
                address + file.name,
                file.digest if verified else None,
                fname=file.name,
                path=folder,
                downloader=pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT_SECONDS),
            )
            return Path(path)
        except (
            OSError,
            ValueError,
        ) as error:  # requests' errors are OSErrors; a bad hash a ValueError
            logger.warning("%s%s: %s", address, file.name, error)
            failures.append(f"{address}: {type(error).__name__}: {error}")
    tried = "\n  ".join(failures)
    raise ConnectionError(
        f"Expected {file.name} ({file.size:,} bytes, {file.digest}) from one of "
        f"{len(addresses)} addresses. Received:\n  {tried}\n"
        "Without a network, take the embedded sample (source=embedded) or a folder (source=mirror)."
    )


class ArchiveDataset(AbstractDataset[None, Any]):
    """Loads as a function that downloads a data set's files and says where they lie.

    Args:
        filepath: The folder that keeps what was downloaded.
        addresses: Other addresses for a data set, tried before the published ones.
    """

    def __init__(
        self,
        *,
        filepath: str,
        addresses: Mapping[str, Sequence[str]] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._filepath = Path(filepath)
        self._addresses = addresses or {}
        self.metadata = metadata

    def load(self) -> Callable[[str, DataSet], Mapping[str, Path]]:
        """A function of a data set's name and its row in the table."""

        def fetch(name: str, data_set: DataSet) -> Mapping[str, Path]:
            addresses = (*self._addresses.get(name, ()), *data_set.addresses)
            folder = self._filepath / name
            return {file.name: retrieve(file, addresses, folder) for file in data_set.files}

        return fetch

    def save(self, data: None) -> None:
        """Refuse: archives come from outside."""
        raise DatasetError("Expected archives to be read only. Received: save")

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
