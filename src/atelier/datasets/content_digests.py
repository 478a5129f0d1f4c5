"""Digests of what datasets without a file of their own load."""

from __future__ import annotations

from pathlib import Path

from atelier.storage.digests import bytes_digest, file_digest


def source_digest(source: str) -> str | None:
    """Returns the digest of a file; for an address or a name, that of the text.

    What an address gives is stored once and not asked for again.

    Args:
        source: A path, an http address, or the name of something that a package contains.

    Returns:
        None for a path where there is no file.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return file_digest(path)
    is_path = len(path.parts) > 1 or path.suffix
    if is_path and not source.startswith(("http://", "https://")):
        return None
    return bytes_digest(source.encode())
