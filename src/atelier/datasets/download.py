"""Downloads of published archives, checked by their hashes and stored for the next run."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atelier.datasets.base import ReadOnlyDataset

if TYPE_CHECKING:
    from atelier.data.sources import DataSet, RemoteFile

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30


def retrieve(file: RemoteFile, addresses: Sequence[str], folder: Path) -> Path:
    """Downloads a file from the first address that gives its true bytes.

    A file that is in the folder with the right hash is not downloaded again.

    Args:
        file: The file's name, size and published hash.
        addresses: Folders on servers, each with a slash at its end.
        folder: The folder to store the file in.

    Returns:
        The path of the file.

    Raises:
        ConnectionError: If no address gave the file. The message has the error of each address.
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
                downloader=pooch.HTTPDownloader(
                    progressbar=sys.stderr.isatty(), timeout=TIMEOUT_SECONDS
                ),
            )
            return Path(path)
        except (OSError, ValueError) as error:  # requests' errors; a wrong hash is a ValueError
            logger.warning("%s%s: %s", address, file.name, error)
            failures.append(f"{address}: {type(error).__name__}: {error}")
    tried = "\n  ".join(failures)
    raise ConnectionError(
        f"Expected {file.name} ({file.size:,} bytes, {file.digest}) from one of "
        f"{len(addresses)} addresses. Received:\n  {tried}\n"
        "Without a network, take the embedded sample (source=embedded) or a folder (source=mirror)."
    )


class ArchiveDataset(ReadOnlyDataset):
    """Loads as a function that downloads the files of a data set and returns their paths.

    Args:
        filepath: The folder for downloads.
        addresses: Further addresses for a data set, tried before the published ones.
        metadata: For Kedro-Viz.
    """

    def __init__(
        self,
        *,
        filepath: str,
        addresses: Mapping[str, Sequence[str]] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(metadata=metadata, filepath=filepath)
        self._filepath = Path(filepath)
        self._addresses = addresses or {}

    def content_digest(self) -> str:
        """Returns a constant: what is downloaded has published hashes, which the code contains."""
        return "verified downloads"

    def load(self) -> Callable[[str, DataSet], Mapping[str, Path]]:
        """Returns a function of a data set's name and its row in the table."""

        def fetch(name: str, data_set: DataSet) -> Mapping[str, Path]:
            addresses = (*self._addresses.get(name, ()), *data_set.addresses)
            folder = self._filepath / name
            return {file.name: retrieve(file, addresses, folder) for file in data_set.files}

        return fetch
