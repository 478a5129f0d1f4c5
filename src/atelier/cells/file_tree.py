"""The files of a folder or a zip, by their names in it; nothing is unpacked to disk."""

from __future__ import annotations

import functools
import hashlib
import io
import logging
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from atelier.data.system_files import without_system_files

logger = logging.getLogger(__name__)

PICTURE_SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)  # fmt: skip
"""Endings of picture files, in lower case; files with other endings are no pictures."""
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""Errors of damaged, encrypted or unknown members of a zip."""


class FileTree(NamedTuple):
    """Files by their names, and how one of them is opened."""

    where: Path
    """The folder or zip, for messages."""
    files: tuple[PurePosixPath, ...]
    """Names below the folder, sorted, without files of the operating system."""
    open_file: Callable[[PurePosixPath], Path | io.BytesIO]
    """Returns a path, or the bytes of a zip's member."""
    folders: frozenset[PurePosixPath] = frozenset()
    """Names of the subfolders, empty ones included."""

    def describe(self, file: PurePosixPath) -> str:
        """Returns a file's name for messages."""
        return f"{self.where}/{file}"

    def digest(self, file: PurePosixPath) -> str:
        """Returns the SHA-256 of a file as 64 hexadecimal digits."""
        opened = self.open_file(file)
        with opened.open("rb") if isinstance(opened, Path) else opened as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @property
    def pictures(self) -> list[PurePosixPath]:
        """The files whose ending is that of a picture."""
        return [file for file in self.files if file.suffix.lower() in PICTURE_SUFFIXES]


def open_tree(path: Path) -> FileTree:
    """Lists the files of a folder with its subfolders, of a zip, or a single file.

    Args:
        path: A folder, a ``.zip``, or another file, which is a tree of one file.

    Raises:
        FileNotFoundError: There is no such folder or file.
        ValueError: The zip is damaged.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from atelier.cells.file_tree import open_tree
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "a.png").touch()
        >>> (folder / ".DS_Store").touch()
        >>> [str(file) for file in open_tree(folder).files]
        ['a.png']
    """
    path = path.expanduser()
    if path.is_dir():
        paths = without_system_files(path.rglob("*"), path)
        return _tree(path, {_name(item, path): item.is_dir() for item in paths}, path.joinpath)
    if path.suffix.lower() == ".zip" and path.is_file():
        return _open_zip(path)
    if path.is_file():
        return FileTree(path.parent, (PurePosixPath(path.name),), path.parent.joinpath)
    raise FileNotFoundError(
        f"Expected a folder, a zip or a file at {path}. Received: nothing there; a relative path "
        f"begins at {Path.cwd()}"
    )


def _open_zip(path: Path) -> FileTree:
    """Lists a zip, which stays open: its directory of many members is read once."""
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise ValueError(f"{path}: Expected a whole zip. Received: {error}") from error
    members = {PurePosixPath(item.filename): item.is_dir() for item in archive.infolist()}
    data = {name: members[name] for name in without_system_files(members, path)}
    return _tree(path, data, functools.partial(_read_member, archive))


def _name(path: Path, folder: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(folder).as_posix())


def _tree(
    where: Path, is_folder: Mapping[PurePosixPath, bool], open_file: Callable[..., Any]
) -> FileTree:
    """Returns a tree of names, each with whether it is a folder."""
    files = tuple(name for name, folder in is_folder.items() if not folder)
    folders = {name for name, folder in is_folder.items() if folder}
    folders |= {parent for name in files for parent in name.parents}
    return FileTree(where, files, open_file, frozenset(folders - {PurePosixPath()}))


def _read_member(archive: zipfile.ZipFile, file: PurePosixPath) -> io.BytesIO:
    """Returns the bytes of a zip's member.

    Raises:
        ValueError: The member is damaged or encrypted.
    """
    try:
        return io.BytesIO(archive.read(str(file)))
    except _ZIP_ERRORS as error:
        raise ValueError(
            f"{archive.filename}/{file}: Expected a whole member of a zip. Received: {error}"
        ) from error
