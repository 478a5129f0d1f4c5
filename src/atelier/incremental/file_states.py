"""The state of files and folders as far as it is known without reading their content."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from atelier.storage.digests import bytes_digest, file_digest

CLOCK_TICK = 50_000_000
"""Nanoseconds within which two changes may get one time: file systems count in ticks."""
SECOND = 1_000_000_000


def stamp_of(path: Path) -> str | None:
    """Returns size and times of a file, or of all files of a folder; None where there is none.

    Two equal stamps of a settled path (:func:`is_settled`) mean equal content. The time of the
    last change of a file's entry is part of it, which no program can set back.

    Args:
        path: A file or a folder.
    """
    return _describe(path, _file_stamp)


def is_settled(path: Path) -> bool:
    """Returns whether a further change at this moment would change the stamp.

    It would not, where the last change is as recent as a tick of the file system's clock.

    Args:
        path: A file or a folder that exists.
    """
    files = [path] if path.is_file() else [path, *_files(path)]
    now = time.time_ns()
    return all(_is_older(file.stat(), now) for file in files)


def content_digest_of(path: Path) -> str | None:
    """Returns the digest of a file, or of the names and contents of a folder's files.

    Args:
        path: A file, or a folder, of which files and folders whose names begin with a dot are
            left out.

    Returns:
        None where there is neither.
    """
    return _describe(path, file_digest)


def _describe(path: Path, describe_file: Callable[[Path], str]) -> str | None:
    """Returns a text for a file, or one for the names and texts of a folder's files."""
    if path.is_file():
        return describe_file(path)
    if not path.is_dir():
        return None
    lines = (f"{file.relative_to(path).as_posix()}\0{describe_file(file)}" for file in _files(path))
    return bytes_digest("\n".join(lines).encode())


def _file_stamp(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ctime_ns}"


def _is_older(state: os.stat_result, now: int) -> bool:
    last = max(state.st_mtime_ns, state.st_ctime_ns)
    whole_seconds = state.st_mtime_ns % SECOND == 0
    return now - last > (2 * SECOND if whole_seconds else CLOCK_TICK)


def _files(folder: Path) -> Iterator[Path]:
    """Yields the files of a folder and its folders in the order of their names."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
