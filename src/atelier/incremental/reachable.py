"""The code that a function can reach, as one digest for each module."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from atelier.incremental.links import CodePart, Links, links_of
from atelier.incremental.source_modules import BODY, WHOLE
from atelier.incremental.source_tree import SourceTree
from atelier.storage.digests import bytes_digest, file_digest


class Reached(NamedTuple):
    """What a function reaches.

    Attributes:
        code: Digests of the reached code by module, with files beside it that the code names.
        libraries: Names under which packages of others are imported.
    """

    code: dict[str, str]
    libraries: frozenset[str]


class CodeGraph:
    """Follows what code refers to, through the modules of the project's own packages.

    Where classes are found without their names (``__subclasses__``, a metaclass), every module
    that is imported counts whole.

    Args:
        tree: The modules.
    """

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._links: dict[CodePart, Links] = {}
        self._digests: dict[tuple[str, frozenset[str]], str] = {}

    def reach(self, roots: Iterable[CodePart]) -> Reached:
        """Returns what is reached from some parts.

        Args:
            roots: Such as the function of a node, and the classes of its datasets. A name that
                its module does not define stands for the whole module.
        """
        roots = {self._defined(root) for root in roots}
        links = self._closure(roots, whole=False)
        if links.reflects:
            links = self._closure(roots, whole=True)
        names: dict[str, set[str]] = {}
        for part in links.parts:
            names.setdefault(part.module, set()).add(part.name)
        code = {
            module: self._digest(module, frozenset(names[module] - {WHOLE}))
            for module in sorted(names)
        }
        return Reached({name: text for name, text in code.items() if text}, links.libraries)

    def _defined(self, root: CodePart) -> CodePart:
        source = self._tree.module(root.module)
        is_defined = source is not None and root.name in source.parts
        return root if is_defined else CodePart(root.module, WHOLE)

    def _closure(self, roots: Iterable[CodePart], *, whole: bool) -> Links:
        """Returns all that some parts lead to, directly or not.

        Args:
            roots: Where to begin.
            whole: Whether every module that is imported counts whole.
        """
        reached: set[CodePart] = set()
        libraries: set[str] = set()
        reflects = False
        waiting = set(roots)
        while waiting:
            part = waiting.pop()
            reached.add(part)
            links = self._links_of(part)
            libraries |= links.libraries
            reflects |= links.reflects
            further = {CodePart(part.module, WHOLE)} if whole and part.name == BODY else set()
            waiting |= (links.parts | further) - reached
        return Links(frozenset(reached), frozenset(libraries), reflects)

    def _links_of(self, part: CodePart) -> Links:
        if part not in self._links:
            self._links[part] = links_of(part, self._tree)
        return self._links[part]

    def _digest(self, module: str, names: frozenset[str]) -> str:
        """Returns the digest of some parts of a module; nothing where they have no code."""
        key = module, names
        if key not in self._digests:
            source = self._tree.module(module)
            code = {name: source.digest(name) for name in sorted(names)} if source else {}
            if source and not source.statements[BODY]:
                code.pop(BODY, None)
            paths = sorted({path for name in code if source for path in source.files(name)})
            code |= {path.name: file_digest(path) for path in paths}
            lines = "\n".join(f"{name} {text}" for name, text in code.items())
            self._digests[key] = bytes_digest(lines.encode()) if code else ""
        return self._digests[key]
