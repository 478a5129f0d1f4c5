"""Tells a mirrored file by its hash: verified, unknown, or known as another file."""

import logging
from pathlib import Path
from typing import NamedTuple

from atelier.data.sources import DATA_SETS, UNVERIFIED, RemoteFile
from atelier.storage.digests import bytes_digest

logger = logging.getLogger(__name__)


class PublishedFile(NamedTuple):
    """A file of the table, by data set and by name without ``.gz``."""

    dataset: str
    name: str

    def __str__(self) -> str:
        """For messages."""
        return f"{self.name} of {DATA_SETS[self.dataset].title}"


def _published() -> dict[str, PublishedFile]:
    """Every file of the table by the SHA-256 of its packed and of its unpacked bytes."""
    return {
        digest.removeprefix("sha256:"): PublishedFile(dataset, _stem(file))
        for dataset, data_set in DATA_SETS.items()
        for file in data_set.files
        for digest in (file.digest, file.plain)
        if digest != UNVERIFIED
    }


def _stem(file: RemoteFile) -> str:
    return file.name.removesuffix(".gz")


def check_file_identity(dataset: str, name: str, path: Path, stored: bytes, plain: bytes) -> None:
    """Refuses a file that is known as another one, or is not what its published hash says.

    Data sets such as MNIST and Fashion-MNIST have the same file names and sizes: only hashes tell
    them apart. A file of which no hash is known is taken with a warning.

    Args:
        dataset: The data set that was asked for.
        name: The published name that was asked for, without ``.gz``.
        path: For messages.
        stored: The file's bytes.
        plain: Its unpacked bytes; another packing of the same data has the same.

    Raises:
        ValueError: Says which file was expected and which came.
    """
    wanted = PublishedFile(dataset, name)
    digests = [bytes_digest(data) for data in (plain, stored)]
    published = _published()
    for digest in digests:
        if digest in published:
            if published[digest] != wanted:
                raise ValueError(
                    f"{path}: Expected {wanted}. Received: {published[digest]}, by its SHA-256 "
                    f"{digest}; name another folder (mirror=) or another dataset"
                )
            return
    expected = {_stem(file): file.plain for file in DATA_SETS[dataset].files}
    if expected.get(name, UNVERIFIED) != UNVERIFIED:
        raise ValueError(
            f"{path}: Expected unpacked SHA-256 {expected[name]}. Received: {digests[0]}"
        )
    logger.warning("%s: unverified, no published hash of its unpacked bytes is known", path)
