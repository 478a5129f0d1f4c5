"""Files that operating systems add to folders and archives, which are not data."""

import logging
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import TypeVar

logger = logging.getLogger(__name__)

SYSTEM_NAMES = {
    "__macosx",
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "icon\r",
    "@eadir",
    "$recycle.bin",
    "system volume information",
    "lost+found",
}
"""Names of files of Windows, macOS and network storage, in lower case."""
AnyPath = TypeVar("AnyPath", bound=PurePath)


def is_system_file(path: PurePath) -> bool:
    """Tells whether a path is hidden or made by an operating system, or lies in such a folder.

    Args:
        path: Relative to the folder or archive that is read: the folder itself may be hidden.

    Examples:
        >>> from pathlib import PurePath
        >>> is_system_file(PurePath("__MACOSX/a/images/._a.png"))
        True
        >>> is_system_file(PurePath("a/images/a.png"))
        False
    """
    return any(is_system_name(part) for part in path.parts)


def is_system_name(name: str) -> bool:
    """Tells whether a file or folder of this name is hidden or made by an operating system."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def without_system_files(paths: Iterable[AnyPath], folder: Path) -> list[AnyPath]:
    """Leaves out files of the operating system, and logs their number.

    Args:
        paths: Paths inside the folder, or members of the archive.
        folder: The folder or archive, for the log.

    Returns:
        The remaining paths, sorted.
    """
    everything = sorted(paths)
    data = [path for path in everything if not is_system_file(_inside(path, folder))]
    skipped = sorted({path.name for path in everything} - {path.name for path in data})
    if skipped:
        logger.info(
            "%s: %d entries are no data and are skipped: %s",
            folder,
            len(everything) - len(data),
            ", ".join(skipped[:5]),
        )
    return data


def _inside(path: AnyPath, folder: Path) -> PurePath:
    """Returns a path relative to the folder that contains it."""
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def list_folder(folder: Path) -> list[Path]:
    """Lists the entries of a folder, sorted, without files of the operating system."""
    return without_system_files(folder.iterdir(), folder)
