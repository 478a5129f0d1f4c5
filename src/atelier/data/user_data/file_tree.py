"""The files of a folder, a zip or a tar archive by name; nothing is ever unpacked to disk."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from atelier.data.system_files import without_system_files

FILE_LIMIT = 2**30
"""Most bytes of one file in an archive."""
ARCHIVE_RATIO = 200
"""How many times its own size an archive may unpack to, if that is more than `FILE_LIMIT`."""
TAR_ENDINGS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class FileTree(Protocol):
    """Files below a folder or in an archive."""

    path: Path
    names: list[PurePosixPath]
    """Of every file, relative, sorted, without files of the operating system."""

    def open(self, name: PurePosixPath) -> BinaryIO:
        """Opens one file."""
        ...

    def read(
        self, names: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, bytes | ValueError]]:
        """Yields each name with the file's bytes, or why it cannot be read, in any order."""
        ...


def open_tree(path: Path) -> FileTree:
    """Opens a folder or an archive.

    Raises:
        ValueError: If an archive is damaged, encrypted, unpacks to too much, or has a path that
            leaves it or an entry that is neither a file nor a folder.
    """
    if path.is_dir():
        return Folder(path)
    try:
        return ZipArchive(path) if zipfile.is_zipfile(path) else TarArchive(path)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(
            f"{path}: Expected a whole zip or tar archive. Received: {error}"
        ) from error


def is_archive(path: Path) -> bool:
    """Tells by the ending whether a file is read as an archive."""
    return path.name.lower().endswith((".zip", *TAR_ENDINGS))


class Folder:
    """The files of a folder; linked folders are followed once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names = without_system_files(_walk(path), path)

    def open(self, name: PurePosixPath) -> BinaryIO:
        """Opens one file."""
        return (self.path / name).open("rb")

    def read(
        self, names: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, bytes | ValueError]]:
        """Yields each name with the file's bytes."""
        for name in names:
            try:
                yield name, (self.path / name).read_bytes()
            except OSError as error:
                yield name, ValueError(f"Expected a readable file. Received: {error.strerror}")


def _walk(root: Path) -> Iterator[PurePosixPath]:
    visited = set()
    for parent, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(parent)
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folder = PurePosixPath(Path(parent).relative_to(root).as_posix())
        yield from (folder / file for file in files)


class ZipArchive:
    """The files of a zip archive."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
        if any(member.flag_bits & 1 for member in members):
            raise ValueError(f"{path}: Expected a zip archive without a password. Received: one")
        check_sizes(path, (member.file_size for member in members))
        self._members = {check_member(path, member.filename): member.filename for member in members}
        self.names = without_system_files(self._members, path)

    def open(self, name: PurePosixPath) -> BinaryIO:
        """Reads one file into memory."""
        return _open_read(self, name)

    def read(
        self, names: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, bytes | ValueError]]:
        """Yields each name with the file's bytes, or why it cannot be read."""
        with zipfile.ZipFile(self.path) as archive:
            for name in names:
                try:
                    yield name, archive.read(self._members[name])
                except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
                    yield name, ValueError(f"Expected a whole file. Received: {error}")


class TarArchive:
    """The files of a tar archive, which is read from its beginning to its end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with tarfile.open(path) as archive:
            check_sizes(path, (member.size for member in archive))
            members = archive.getmembers()
        for member in members:
            if not (member.isfile() or member.isdir()):
                raise ValueError(
                    f"{path}: Expected files and folders only. Received: {member.name!r}, a link "
                    "or a device"
                )
        names = [check_member(path, member.name) for member in members if member.isfile()]
        self.names = without_system_files(names, path)

    def open(self, name: PurePosixPath) -> BinaryIO:
        """Reads one file into memory."""
        return _open_read(self, name)

    def read(
        self, names: Collection[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, bytes | ValueError]]:
        """Yields each name with the file's bytes, in the order of the archive."""
        wanted = set(names)
        with tarfile.open(self.path) as archive:
            for member in archive:
                name = check_member(self.path, member.name)
                file = archive.extractfile(member) if name in wanted else None
                if file is not None:
                    yield name, file.read()


def _open_read(tree: FileTree, name: PurePosixPath) -> BinaryIO:
    ((_, content),) = tree.read([name])
    if isinstance(content, bytes):
        return io.BytesIO(content)
    raise ValueError(f"{tree.path}, {name}: {content}")


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
