"""Locks that processes of one machine share."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Holds the exclusive lock of a file; logs a message while it waits for it.

    The operating system releases the lock when its holder ends, also by SIGKILL.

    Args:
        file: The lock file. It is created if needed and stays where it is.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.info("waiting for another process, which holds %s", file)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
