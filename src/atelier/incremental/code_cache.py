"""The reached code of earlier runs, which holds until a file of the project's packages changes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from atelier.incremental.libraries import python_version
from atelier.incremental.links import CodePart
from atelier.incremental.reachable import CodeGraph, Reached
from atelier.incremental.source_tree import SourceTree
from atelier.storage.atomic_write import write_atomically
from atelier.storage.digests import bytes_digest


class CachedCode(BaseModel, frozen=True, extra="forbid"):
    """What some parts reach, in packages of which no file has changed since.

    Attributes:
        sources: Digest of all files of the packages.
        python: Python's version, which decides how the files are parsed.
        reached: What is reached, by the digest of the parts.
        version: Of the format, and of the rules by which imports are followed.
    """

    sources: str
    python: str
    reached: dict[str, Reached] = {}
    version: Literal[1] = 1


class CodeCache:
    """Finds what parts reach in a file of an earlier run, or by following the imports.

    Args:
        tree: The modules.
        path: The file, which need not exist.
    """

    def __init__(self, tree: SourceTree, path: Path) -> None:
        self._tree, self._graph, self._path = tree, CodeGraph(tree), path
        self._sources = tree.digest()
        self._stored = _read(path, self._sources)
        self._reached = dict(self._stored)

    def reach(self, roots: Iterable[CodePart]) -> Reached:
        """Returns what is reached from some parts, as :meth:`CodeGraph.reach` does."""
        roots = sorted(roots)
        key = bytes_digest("\n".join(f"{part.module} {part.name}" for part in roots).encode())
        if key not in self._reached:
            self._reached[key] = self._graph.reach(roots)
        return self._reached[key]

    def save(self) -> None:
        """Writes what was found, unless a file has changed meanwhile."""
        if self._reached == self._stored or self._tree.digest() != self._sources:
            return
        cached = CachedCode(sources=self._sources, python=python_version(), reached=self._reached)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path, cached.model_dump_json().encode(), power_safe=False)


def _read(path: Path, sources: str) -> dict[str, Reached]:
    """Returns what an earlier run found in the same sources; nothing if it is damaged or older."""
    try:
        cached = CachedCode.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
    is_current = cached.sources == sources and cached.python == python_version()
    return cached.reached if is_current else {}
