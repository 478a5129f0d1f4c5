"""Words for a disk that is full or may not be written, wherever the error arose."""

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

FULL = {errno.ENOSPC: "No space left on device", errno.EDQUOT: "Disk quota exceeded"}
READ_ONLY = {errno.EROFS: "Read-only file system"}
SQLITE = {"database or disk is full": FULL, "attempt to write a readonly database": READ_ONLY}
"""What SQLite says, in MLflow's errors as well, and the kind of error that it is."""


def describe_disk_error(error: BaseException, folder: Path) -> str | None:
    """Returns what a person can do about a disk that is full or may not be written.

    Args:
        error: Any error; the errors that it arose from are looked at too.
        folder: A folder on the disk that is written.

    Returns:
        What was expected, what came and what to do; None for every other error.

    Examples:
        >>> import errno
        >>> from pathlib import Path
        >>> error = OSError(errno.EROFS, "Read-only file system", "data/a.npz")
        >>> describe_disk_error(error, Path.cwd()).partition(". Then")[0]
        'Expected a file system that can be written. Received: Read-only file system, data/a.npz'
        >>> describe_disk_error(ValueError("no"), Path.cwd())
    """
    for cause in _causes(error):
        kind, received = _kind(cause)
        if not kind:
            continue
        if kind is READ_ONLY:
            return (
                f"Expected a file system that can be written. Received: {received}. Then run the "
                "same command again"
            )
        free = shutil.disk_usage(folder).free / 1e6
        return (
            f"Expected free space on the disk of {folder}. Received: {received}, {free:.1f} MB "
            "free. Free some and run the same command again: what was finished is kept"
        )
    return None


def _kind(error: BaseException) -> tuple[dict[int, str], str]:
    """Returns the kind of a disk's error and what was received; an empty kind for other errors."""
    if isinstance(error, OSError):
        name = f", {error.filename}" if error.filename else ""
        for kind in (FULL, READ_ONLY):
            if error.errno in kind:
                return kind, f"{kind[error.errno]}{name}"
    for words, kind in SQLITE.items():
        if words in str(error):
            return kind, f"SQLite: {words}"
    return {}, ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and those that it arose from."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__
