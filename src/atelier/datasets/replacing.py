"""Writing beside a file, then taking its place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def partial_name(name: str) -> str:
    """What a file is called until it is whole; its ending stays, since some writers go by it."""
    return f".part-{os.getpid()}-{name}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of ``path`` at the end, or goes on an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(partial_name(path.name))
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
