"""Files that appear whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atelier.storage.processes import is_dead, this_process

logger = logging.getLogger(__name__)

_PARTIAL = re.compile(r"\.part-(?P<writer>[^~]+~\d+~[\d.]+)~.+")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yields a temporary path, which replaces ``path`` at the end and is removed after an error.

    The folder is created if needed, and partial files of killed processes are removed from it.

    Args:
        path: The file that is to appear whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    with _renamed_at_end(path) as partial:
        yield partial


def write_atomically(path: Path, content: bytes, *, power_safe: bool = True) -> None:
    """Writes a file that appears with all its content or not at all.

    Args:
        path: The file, in a folder that exists.
        content: The bytes of the file.
        power_safe: Whether this also holds when the power fails. Then the function waits for the
            disk, and for everything that other processes have still to write to it.
    """
    with _renamed_at_end(path) as partial, partial.open("wb") as file:
        file.write(content)
        file.flush()
        if power_safe:
            os.fsync(file.fileno())


def partial_name(name: str) -> str:
    """Returns the temporary name of a file, which contains the name of the writing process.

    The ending is that of ``name``, since some writers choose the format by it.
    """
    return f".part-{this_process().replace('/', '~')}~{name}"


def remove_abandoned(folder: Path) -> None:
    """Removes partial files whose writer has ended, never those of a living or unknown process.

    Args:
        folder: The folder to search; it need not exist.
    """
    for path in folder.glob(".part-*"):
        match = _PARTIAL.fullmatch(path.name)
        if match and is_dead(match["writer"].replace("~", "/")):
            path.unlink(missing_ok=True)
            logger.info("Removed %s, which a killed process did not finish", path)


@contextmanager
def _renamed_at_end(path: Path) -> Iterator[Path]:
    partial = path.with_name(partial_name(path.name))
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
