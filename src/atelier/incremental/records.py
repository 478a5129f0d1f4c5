"""The records of nodes: which facts led to which outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from atelier.incremental.contents import Content
from atelier.incremental.facts import Facts
from atelier.storage.atomic_write import remove_abandoned, write_atomically
from atelier.storage.digests import bytes_digest
from atelier.storage.locks import locked

LOCKS = "locks"


class Record(BaseModel, frozen=True, extra="forbid"):
    """What a node was made from when it ran last, and what it made.

    Attributes:
        node: The node's name.
        facts: What decided its outputs.
        inputs: The contents of its inputs by name.
        files: The contents of the files and folders that it declares to read, by path.
        outputs: The contents of its outputs by name.
        effects: Whether it has effects beyond its outputs, which have happened.
        seconds: How long the node ran, with loading and saving; None where it is not known.
        version: Of the format.
    """

    node: str
    facts: Facts
    inputs: dict[str, Content] = {}
    files: dict[str, Content] = {}
    outputs: dict[str, Content] = {}
    effects: bool = False
    seconds: float | None = None
    version: Literal[1] = 1


class Records:
    """The records in a folder, one file for each node.

    Args:
        folder: It need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, node: str) -> Record | None:
        """Returns the record of a node.

        Returns:
            None where there is none, where it is damaged or was written in another format.
        """
        try:
            record = Record.model_validate_json(self._path(node).read_bytes())
        except (OSError, ValidationError):
            return None
        return record if record.node == node else None

    def write(self, record: Record) -> None:
        """Replaces the record of a node as a whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        content = record.model_dump_json(indent=1).encode()
        write_atomically(self._path(record.node), content, power_safe=False)

    def remove(self, node: str) -> None:
        """Removes the record of a node whose outputs are about to be written."""
        self._path(node).unlink(missing_ok=True)

    def clean(self) -> None:
        """Removes what killed processes did not finish to write."""
        remove_abandoned(self._folder)

    @contextmanager
    def locked(self, nodes: Sequence[str]) -> Iterator[None]:
        """Keeps other processes from running some nodes; waits for those that do.

        Args:
            nodes: The nodes' names.
        """
        with ExitStack() as stack:
            for node in sorted(nodes):
                path = self._path(node)
                stack.enter_context(locked(path.parent / LOCKS / path.stem))
            yield

    def _path(self, node: str) -> Path:
        """Returns the file of a node; a name with other characters is told apart by its digest."""
        readable = re.sub(r"[^\w.-]+", "-", node)[:100]
        return self._folder / f"{readable}-{bytes_digest(node.encode())[:8]}.json"
