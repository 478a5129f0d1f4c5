"""SHA-256 digests of files and of bytes."""

import hashlib
from pathlib import Path


def file_digest(path: Path) -> str:
    """Returns the SHA-256 of a file's content as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_digest(content: bytes | memoryview) -> str:
    """Returns the SHA-256 of bytes as 64 hexadecimal digits.

    Examples:
        >>> bytes_digest(b"abc")[:12]
        'ba7816bf8f01'
    """
    return hashlib.sha256(content).hexdigest()
