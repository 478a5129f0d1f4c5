"""The files that a table names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from atelier.data.file_tree import FileTree
from atelier.data.user_data.records import Content

ENDINGS = ("", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")
"""Endings that are tried for the names of a table."""


def read_named_files(
    tree: FileTree, folder: PurePosixPath, files: Sequence[str], start: int = 0
) -> Iterator[tuple[int, Content]]:
    """Yields the bytes of files that a table names, beside it or anywhere below by a unique name.

    Args:
        tree: The folder or archive.
        folder: Where the table lies in it.
        files: Names, of which the ending may be missing.
        start: Number of the first.

    Yields:
        (number, bytes), or (number, error) where there is no such file, or more than one.
    """
    known = set(tree.names)
    by_name: dict[str, list[PurePosixPath]] = {}
    for path in tree.names:
        for key in {path.name, path.stem}:
            by_name.setdefault(key, []).append(path)
    rows: dict[PurePosixPath, list[int]] = {}
    for row, file in enumerate(files, start):
        beside = [
            folder / (file + ending) for ending in ENDINGS if folder / (file + ending) in known
        ]
        matches = beside[:1] or by_name.get(PurePosixPath(file).name, [])
        if len(matches) == 1:
            rows.setdefault(matches[0], []).append(row)
        else:
            count = f"{len(matches)} files of this name" if matches else "no such file"
            yield row, ValueError(f"Expected one file below {tree.path}. Received: {count}")
    for name, content in tree.read(rows):
        for row in rows[name]:
            yield row, content
