"""A folder for each class, alone or below folders of parts such as ``train`` and ``test``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import pandas as pd

from atelier.data.file_tree import FileTree, is_picture_name
from atelier.data.user_data.part_names import PART_NAMES, is_part, natural_key
from atelier.data.user_data.records import Content, ImageRecords


def common_folder(names: Sequence[PurePosixPath]) -> PurePosixPath:
    """Returns the folder in which the classes or parts lie: archives often wrap them in another.

    Examples:
        >>> common_folder([PurePosixPath("set/test/0/1.png"), PurePosixPath("set/train/1/2.png")])
        PurePosixPath('set')
    """
    folder = PurePosixPath()
    while True:
        inner = {name.relative_to(folder).parts[0] for name in names if len(name.parts) > 1}
        deep = all(len(name.relative_to(folder).parts) > 2 for name in names)
        if len(inner) != 1 or not deep or is_part(next(iter(inner))):
            return folder
        folder /= inner.pop()


def read_class_folders(tree: FileTree) -> ImageRecords:
    """Lists every file of every class folder; the pictures are decoded later.

    The order is that of the file names, in which numbers count by their value, whatever the class:
    files named by their position keep the order in which they were published.

    Args:
        tree: A folder or an archive.

    Returns:
        The records; files outside of class folders are ``skipped``.
    """
    located = locate_files(tree.names)
    rows = [(*location, str(name)) for name, location in located.items() if location is not None]
    skipped = [name for name, location in located.items() if location is None]
    rows.sort(key=lambda row: (row[0], natural_key(row[2]), row[1]))
    table = pd.DataFrame(rows, columns=["part", "label", "key", "name"]).drop(columns="key")
    return ImageRecords(table, _contents(tree, table), skipped=tuple(map(str, skipped)))


def locate_files(
    names: Sequence[PurePosixPath],
) -> dict[PurePosixPath, tuple[str, str, str] | None]:
    """Returns part, class and name inside the class's folder of each file; None without a class."""
    pictures = [name for name in names if is_picture_name(name)]
    root = common_folder(pictures)
    has_parts = any(is_part(name.relative_to(root).parts[0]) for name in pictures)
    return {
        name: _locate(name.relative_to(root), has_parts=has_parts)
        if name.is_relative_to(root)
        else None
        for name in names
    }


def _locate(name: PurePosixPath, *, has_parts: bool) -> tuple[str, str, str] | None:
    """Returns part, class and the name inside the class's folder; None where there is no class."""
    folders = list(name.parts[:-1])
    part = "train"
    if has_parts:
        if not folders or not is_part(folders[0]):
            return None
        part = PART_NAMES[folders.pop(0).lower()]
    if not folders:
        return None
    return part, folders[0], "/".join([*folders[1:], name.name])


def _contents(tree: FileTree, table: pd.DataFrame) -> Iterator[tuple[int, Content]]:
    rows = {PurePosixPath(name): row for row, name in enumerate(table["name"])}
    for name, content in tree.read(rows):
        yield rows[name], content
