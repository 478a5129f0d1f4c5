"""The log file of a command, which has everything that the console leaves out."""

from __future__ import annotations

import datetime as dt
import fcntl
import logging
import os
from pathlib import Path
from typing import TextIO, cast

NEWEST = 10
"""Log files that are kept; older ones are removed."""
PATTERN = "run_*.log"
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def open_log_file(folder: Path, began: dt.datetime | None = None) -> logging.FileHandler:
    """Returns a handler that writes to a new file, which it locks until it is closed.

    The name has the time and the process, so commands that run at once have files of their own.

    Args:
        folder: It is created if needed. All but its newest log files are removed, without those
            that a process still writes.
        began: When the command began; by default now.

    Raises:
        OSError: If no file can be created there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    time = (began or dt.datetime.now(dt.UTC)).strftime("%Y-%m-%d_%H.%M.%S.%f")
    handler = logging.FileHandler(folder / f"run_{time}_{os.getpid()}.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT))
    fcntl.flock(cast("TextIO", handler.stream), fcntl.LOCK_EX)
    remove_old_files(folder)
    return handler


def remove_old_files(folder: Path) -> None:
    """Removes all but the newest log files of a folder, unless a process still writes them."""
    for path in sorted(folder.glob(PATTERN))[:-NEWEST]:
        if not _is_locked(path):
            path.unlink(missing_ok=True)


def _is_locked(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # another command has removed it
        return False
    return False
