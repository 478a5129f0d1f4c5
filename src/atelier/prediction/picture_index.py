"""The names of the pictures below a folder, sorted on disk: a million need no memory."""

from __future__ import annotations

import os
import posixpath
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from atelier.data.file_tree import is_picture_name
from atelier.data.system_files import is_system_name


class PictureIndex:
    """Lists the pictures of a folder and its subfolders; linked folders are followed once.

    The names lie in a temporary database of SQLite, which is deleted with this object.

    Args:
        folder: The folder, which is searched at once.
    """

    def __init__(self, folder: Path) -> None:
        self.others = 0
        """Number of files that are no pictures by their endings."""
        self._database = sqlite3.connect("")
        self._database.execute("create table names (name blob primary key) without rowid")
        self._database.executemany("insert into names values (?)", self._search(folder))

    def __len__(self) -> int:
        ((count,),) = self._database.execute("select count(*) from names")
        return int(count)

    def __iter__(self) -> Iterator[str]:
        """Yields the names, relative to the folder, in the order of their bytes."""
        rows = self._database.execute("select name from names order by name")
        yield from (os.fsdecode(name) for (name,) in rows)

    def _search(self, folder: Path) -> Iterator[tuple[bytes]]:
        pending, visited = [""], set()
        while pending:
            relative = pending.pop()
            real = os.path.realpath(folder / relative)
            if real in visited:
                continue
            visited.add(real)
            with os.scandir(folder / relative) as entries:
                for entry in entries:
                    name = posixpath.join(relative, entry.name)
                    if is_system_name(entry.name):
                        continue
                    if entry.is_dir():
                        pending.append(name)
                    elif is_picture_name(name):
                        yield (os.fsencode(name),)
                    else:
                        self.others += 1
