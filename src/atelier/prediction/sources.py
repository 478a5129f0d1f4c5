"""Pictures without labels, in a stream: a folder, an archive, a list of files, arrays or tables."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from atelier.data.file_tree import FILE_LIMIT, TarArchive, is_archive, open_tree
from atelier.data.user_data.records import Content
from atelier.prediction.arrays import count_arrays, read_arrays
from atelier.prediction.picture_index import PictureIndex
from atelier.prediction.tables import count_rows, read_csv, read_parquet

logger = logging.getLogger(__name__)

LISTS = (".txt", ".lst")
KINDS = (
    "a folder or archive of pictures, a picture, a .txt file with a path a line, an .npz file with "
    "images, or a .parquet or .csv file with pictures, files or pixels"
)
Entry = tuple[str, Content]
"""Name of a picture, and its bytes, its pixels, or why it cannot be read."""


@dataclass(frozen=True)
class PictureSource:
    """Pictures that are read when they are asked for, always in the same order."""

    path: Path
    count: int | None
    """None where only reading tells."""
    read: Callable[[], Iterator[Entry]]


def open_pictures(path: Path) -> PictureSource:
    """Returns the pictures at a path, none of which is decoded yet.

    Args:
        path: A folder, an archive, or a file of one of the kinds of :data:`KINDS`.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If there are no pictures, or the file is damaged.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> path = Path(tempfile.mkdtemp()) / "a.npz"
        >>> np.savez(path, images=np.zeros((2, 8, 8), np.uint8))
        >>> source = open_pictures(path)
        >>> source.count, [(name, pixels.shape) for name, pixels in source.read()]
        (2, [('images[0]', (8, 8)), ('images[1]', (8, 8))])
    """
    path = path.expanduser()
    if not path.exists():
        raise FileNotFoundError(
            f"Expected {KINDS} at images={path}. Received: nothing there; a relative path begins "
            f"at {Path.cwd()}"
        )
    source = _open(path)
    if source.count == 0:
        raise ValueError(f"{path}: Expected {KINDS}. Received: no pictures")
    return source


def _open(path: Path) -> PictureSource:
    name = path.name.lower()
    if path.is_dir():
        return _folder(path)
    if is_archive(path):
        return _archive(path)
    if name.endswith((".parquet", ".pq", ".csv", ".csv.gz")):
        return _table(path)
    if name.endswith(LISTS):
        return PictureSource(path, _count_lines(path), lambda: _listed(path))
    if name.endswith(".npz"):
        return PictureSource(path, count_arrays(path), lambda: read_arrays(path))
    return PictureSource(path, 1, lambda: iter([(path.name, read_file(path))]))


def _table(path: Path) -> PictureSource:
    if path.suffix.lower() in {".parquet", ".pq"}:
        return PictureSource(path, count_rows(path), lambda: read_parquet(path, read_file))
    return PictureSource(path, None, lambda: read_csv(path, read_file))


def read_file(path: Path) -> Content:
    """Returns the bytes of a file, or why they cannot be read."""
    try:
        size = path.stat().st_size
        if size > FILE_LIMIT:
            return ValueError(
                f"Expected a file of at most {FILE_LIMIT:,} bytes. Received: {size:,}"
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a null byte in a name is a ValueError
        return ValueError(f"Expected a readable file. Received: {error}")


def _folder(path: Path) -> PictureSource:
    index = PictureIndex(path)
    if index.others:
        logger.info("%s: %d files are no pictures and are left out", path, index.others)
    return PictureSource(
        path, len(index), lambda: ((name, read_file(path / name)) for name in index)
    )


def _archive(path: Path) -> PictureSource:
    tree = open_tree(path)
    names = tree.pictures
    skipped = len(tree.names) - len(names)
    if skipped:
        logger.info("%s: %d files are no pictures and are left out", path, skipped)
    if not isinstance(tree, TarArchive):
        names.sort(key=str)
    return PictureSource(path, len(names), lambda: ((str(n), c) for n, c in tree.read(names)))


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from (line.strip() for line in file if line.strip())
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: Expected a text file with a path a line, in UTF-8. Received: {error}"
        ) from error


def _count_lines(path: Path) -> int:
    return sum(1 for _ in _lines(path))


def _listed(path: Path) -> Iterator[Entry]:
    """Yields the files of a list, whose relative paths begin at the list's folder."""
    return ((name, read_file(path.parent / Path(name).expanduser())) for name in _lines(path))
