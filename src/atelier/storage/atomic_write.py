"""Writing beside a file, then taking its place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atelier.storage.partial_files import partial_name, remove_abandoned


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of ``path`` at the end, or goes on an error.

    What killed processes left unfinished in the folder is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    partial = path.with_name(partial_name(path.name))
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
