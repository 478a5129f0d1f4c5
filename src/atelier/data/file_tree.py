"""The files of a folder, a zip or a tar archive by name; nothing is ever unpacked to disk."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import weakref
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from atelier.data.system_files import without_system_files
from atelier.storage.damage import DAMAGE

FILE_LIMIT = 2**30
"""Most bytes of one file in an archive."""
ARCHIVE_RATIO = 200
"""How many times its own size an archive may unpack to, if that is more than `FILE_LIMIT`."""
TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
PICTURE_ENDINGS = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".pgm",
    ".ppm", ".pbm", ".pnm", ".jp2", ".avif", ".tga", ".ico", ".dds", ".mpo", ".apng",
)  # fmt: skip
"""Endings by which pictures are recognised, in lower case; the content of a file decides then."""
_DAMAGE: tuple[type[Exception], ...] = (*DAMAGE, tarfile.TarError)


def is_picture_name(name: PurePosixPath | str) -> bool:
    """Tells by the ending whether a file may be a picture."""
    return str(name).lower().endswith(PICTURE_ENDINGS)


class FileTree(ABC):
    """Files below a folder or in an archive.

    Attributes:
        path: The folder or archive.
        names: Of every file, relative, sorted, without files of the operating system.
        folders: Names of the subfolders, empty ones included.
    """

    path: Path
    names: list[PurePosixPath]
    folders: frozenset[PurePosixPath]

    @abstractmethod
    def open_file(self, name: PurePosixPath) -> Path | io.BytesIO:
        """Returns the path of a file in a folder, or the bytes of a member of an archive.

        Raises:
            ValueError: If a member is damaged.
        """

    @abstractmethod
    def read(
        self, names: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, bytes | ValueError]]:
        """Yields each name with the file's bytes, or why it cannot be read, in any order."""

    def open(self, name: PurePosixPath) -> BinaryIO:
        """Opens one file; a member of an archive is read into memory."""
        opened = self.open_file(name)
        return opened.open("rb") if isinstance(opened, Path) else opened

    def describe(self, name: PurePosixPath) -> str:
        """Returns a file's name for messages."""
        return f"{self.path}/{name}"

    def digest(self, name: PurePosixPath) -> str:
        """Returns the SHA-256 of a file as 64 hexadecimal digits."""
        opened = self.open_file(name)
        with opened.open("rb") if isinstance(opened, Path) else opened as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    @property
    def pictures(self) -> list[PurePosixPath]:
        """The files whose ending is that of a picture."""
        return [name for name in self.names if is_picture_name(name)]


def open_tree(path: Path) -> FileTree:
    """Lists the files of a folder with its subfolders, of an archive, or a single file.

    Args:
        path: A folder, a zip or tar archive, or another file, which is a tree of one file.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If an archive is damaged, encrypted, unpacks to too much, or has a path that
            leaves it or an entry that is neither a file nor a folder.

    Examples:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from atelier.data.file_tree import open_tree
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "a.png").touch()
        >>> (folder / ".DS_Store").touch()
        >>> [str(name) for name in open_tree(folder).names]
        ['a.png']
    """
    path = path.expanduser()
    if path.is_dir():
        return Folder(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected a folder, an archive or a file at {path}. Received: nothing there; a "
            f"relative path begins at {Path.cwd()}"
        )
    if not is_archive(path):
        return SingleFile(path)
    try:
        return ZipArchive(path) if zipfile.is_zipfile(path) else TarArchive(path)
    except _DAMAGE as error:
        raise ValueError(
            f"{path}: Expected a whole zip or tar archive. Received: {error}"
        ) from error


def is_archive(path: Path) -> bool:
    """Tells by the ending whether a file is read as an archive."""
    return path.name.lower().endswith((".zip", *TAR_ENDINGS))


class Folder(FileTree):
    """The files of a folder; linked folders are followed once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        is_folder = dict(_walk(path))
        data = without_system_files(is_folder, path)
        self.names = [name for name in data if not is_folder[name]]
        self.folders = frozenset(name for name in data if is_folder[name])

    def open_file(self, name: PurePosixPath) -> Path:
        """Returns the path of a file."""
        return self.path / name

    def read(
        self, names: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, bytes | ValueError]]:
        """Yields each name with the file's bytes."""
        for name in names:
            try:
                yield name, (self.path / name).read_bytes()
            except OSError as error:
                yield name, ValueError(f"Expected a readable file. Received: {error.strerror}")


class SingleFile(Folder):
    """One file as a tree, whose path is that of the folder in which it lies."""

    def __init__(self, path: Path) -> None:
        self.path = path.parent
        self.names = [PurePosixPath(path.name)]
        self.folders = frozenset()


def _walk(root: Path) -> Iterator[tuple[PurePosixPath, bool]]:
    """Yields the names below a folder, each with whether it is a folder."""
    visited = set()
    for parent, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(parent)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        relative = PurePosixPath(Path(parent).relative_to(root).as_posix())
        yield from ((relative / folder, True) for folder in folders)
        yield from ((relative / file, False) for file in files)


class _Archive(FileTree):
    """The members of an archive, which stays open: its directory is read once."""

    def _list(self, members: Iterable[tuple[PurePosixPath, bool]]) -> None:
        """Lists names, each with whether it is a folder; others follow from the files' paths."""
        is_folder = dict(members)
        data = without_system_files(is_folder, self.path)
        self.names = [name for name in data if not is_folder[name]]
        folders = {name for name in data if is_folder[name]}
        folders.update(parent for name in self.names for parent in name.parents)
        self.folders = frozenset(folders - {PurePosixPath()})

    def open_file(self, name: PurePosixPath) -> io.BytesIO:
        """Reads one member into memory."""
        ((_, content),) = self.read([name])
        if isinstance(content, bytes):
            return io.BytesIO(content)
        raise ValueError(f"{self.describe(name)}: {content}")

    def read(
        self, names: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, bytes | ValueError]]:
        """Yields each name with the member's bytes, or why it cannot be read."""
        for name in self._in_order(names):
            try:
                yield name, self._read_member(name)
            except _DAMAGE as error:
                yield name, ValueError(f"Expected a whole file. Received: {error}")

    def _in_order(self, names: Collection[PurePosixPath]) -> Iterable[PurePosixPath]:
        """Returns names in the order in which they are best read."""
        return names

    @abstractmethod
    def _read_member(self, name: PurePosixPath) -> bytes:
        """Returns the bytes of a member."""


class ZipArchive(_Archive):
    """The files of a zip archive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = zipfile.ZipFile(path)
        weakref.finalize(self, self._archive.close)
        entries = self._archive.infolist()
        if any(member.flag_bits & 1 for member in entries):
            raise ValueError(f"{path}: Expected a zip archive without a password. Received: one")
        check_sizes(path, (member.file_size for member in entries))
        self._members = {check_member(path, member.filename): member for member in entries}
        self._list((name, member.is_dir()) for name, member in self._members.items())

    def _read_member(self, name: PurePosixPath) -> bytes:
        return self._archive.read(self._members[name])


class TarArchive(_Archive):
    """The files of a tar archive, which is read from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive = tarfile.open(path)  # noqa: SIM115
        weakref.finalize(self, self._archive.close)
        check_sizes(path, (member.size for member in self._archive))
        entries = self._archive.getmembers()
        for member in entries:
            if not (member.isfile() or member.isdir()):
                raise ValueError(
                    f"{path}: Expected files and folders only. Received: {member.name!r}, a link "
                    "or a device"
                )
        self._members = {check_member(path, member.name): member for member in entries}
        self._list((name, member.isdir()) for name, member in self._members.items())

    def _in_order(self, names: Collection[PurePosixPath]) -> Iterable[PurePosixPath]:
        return sorted(names, key=lambda name: self._members[name].offset)

    def _read_member(self, name: PurePosixPath) -> bytes:
        file = self._archive.extractfile(self._members[name])
        if file is None:
            raise tarfile.TarError(f"{name} is no file")
        return file.read()


def check_member(path: Path, name: str) -> PurePosixPath:
    """Returns the name of a member of an archive.

    Raises:
        ValueError: If it is a path that leaves the archive.
    """
    member = PurePosixPath(name.replace("\\", "/"))
    if member.is_absolute() or ".." in member.parts or ":" in name.partition("/")[0]:
        raise ValueError(f"{path}: Expected paths inside the archive. Received: {name!r}")
    return member


def check_sizes(path: Path, sizes: Iterable[int]) -> None:
    """Checks what an archive unpacks to, and stops at the first byte too many.

    Raises:
        ValueError: If a file, or all together, are too large.
    """
    total, limit = 0, max(FILE_LIMIT, ARCHIVE_RATIO * path.stat().st_size)
    for size in sizes:
        total += size
        if size > FILE_LIMIT or total > limit:
            raise ValueError(
                f"{path}: Expected files of at most {FILE_LIMIT:,} bytes, and {limit:,} together. "
                "Received: more; unpack the archive yourself and name the folder"
            )
