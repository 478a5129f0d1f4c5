"""Identification of mirrored files by their hashes."""

import logging
from pathlib import Path
from typing import NamedTuple

from atelier.data.sources import DATA_SETS, UNVERIFIED, RemoteFile
from atelier.storage.digests import bytes_digest

logger = logging.getLogger(__name__)


class PublishedFile(NamedTuple):
    """A file of a published data set, by its name without ``.gz``."""

    dataset: str
    name: str

    def __str__(self) -> str:
        """Returns the name with the title of the data set, for messages."""
        return f"{self.name} of {DATA_SETS[self.dataset].title}"


def _published() -> dict[str, PublishedFile]:
    """Returns every published file by the SHA-256 of its compressed and its decompressed bytes."""
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
    """Checks by its hash that a file is the expected file.

    Data sets such as MNIST and Fashion-MNIST have the same file names and sizes: only hashes
    distinguish them. A file without a published hash is accepted with a warning.

    Args:
        dataset: Name of the expected data set.
        name: Published name of the expected file, without ``.gz``.
        path: Path of the file, for messages.
        stored: Bytes of the file.
        plain: Its decompressed bytes, which do not depend on the compression.

    Raises:
        ValueError: If the file is another published file, or differs from the published hash.
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
