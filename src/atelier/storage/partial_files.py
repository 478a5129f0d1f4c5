"""Files under a temporary name until they are whole; those of killed processes are removed."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

from atelier.storage.processes import is_dead, this_process

logger = logging.getLogger(__name__)

_PARTIAL = re.compile(r"\.part-(?P<writer>[^~]+~\d+~[\d.]+)~.+")


def partial_name(name: str) -> str:
    """Returns the name of a file until it is whole, which tells the process that writes it.

    The ending is that of ``name``, since some writers go by it.
    """
    return f".part-{this_process().replace('/', '~')}~{name}"


def remove_abandoned(folder: Path) -> None:
    """Removes partial files whose writer has ended, never those of a living or unknown process.

    Args:
        folder: Where to look; it need not exist.
    """
    for path in folder.glob(".part-*"):
        named = _PARTIAL.fullmatch(path.name)
        if named and is_dead(named["writer"].replace("~", "/")):
            path.unlink(missing_ok=True)
            logger.info("Removed %s, which a killed process did not finish", path)


def write_whole(path: Path, content: bytes, *, power_safe: bool = True) -> None:
    """Writes a file that appears with all its content or not at all.

    Args:
        path: Where to.
        content: What.
        power_safe: Also when the power fails. This waits for the disk, and for all that other
            writers still have under way to it.
    """
    partial = path.with_name(partial_name(path.name))
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            if power_safe:
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
