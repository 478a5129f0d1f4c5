"""What a part of a module leads to: other parts of the project, and libraries."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NamedTuple

from atelier.incremental.import_statements import Import, imported_modules
from atelier.incremental.references import Reference
from atelier.incremental.source_modules import BODY, WHOLE, SourceModule
from atelier.incremental.source_tree import SourceTree


class CodePart(NamedTuple):
    """A part of a module's source.

    Attributes:
        module: The module's full name.
        name: A name that the module defines, :data:`BODY` or :data:`WHOLE`.
    """

    module: str
    name: str


class Links(NamedTuple):
    """What a part leads to.

    Attributes:
        parts: Other parts of the project.
        libraries: Names under which packages of others are imported.
        reflects: Whether it may use any class that is defined in an imported module.
    """

    parts: frozenset[CodePart]
    libraries: frozenset[str]
    reflects: bool = False


def links_of(part: CodePart, tree: SourceTree) -> Links:
    """Returns what a part leads to.

    What cannot be followed exactly is taken whole: a module that is used as a value, a module
    that looks at its own names, a package with a ``__getattr__`` of its own.

    Args:
        part: A part of a module in the tree.
        tree: The modules of the project.
    """
    source = tree.module(part.module)
    collector = _Collector(tree)
    if source is None:
        collector.execute([part.module.rpartition(".")[0]])
    elif part.name == WHOLE:
        collector.add_whole(source)
    else:
        collector.add(source, part.name)
    reflects = source is not None and source.references(part.name).reflects_classes
    return Links(frozenset(collector.parts), frozenset(collector.libraries), reflects)


class _Collector:
    """Collects parts and libraries.

    Args:
        tree: The modules of the project.
    """

    def __init__(self, tree: SourceTree) -> None:
        self.parts: set[CodePart] = set()
        self.libraries: set[str] = set()
        self._tree = tree
        self._followed: set[tuple[str, Reference]] = set()

    def add(self, source: SourceModule, name: str) -> None:
        """Adds what one part leads to."""
        references = source.references(name)
        self.execute(references.imported)
        if name == BODY:
            self._execute_imports(source)
        else:
            self.parts.add(CodePart(source.name, BODY))
        for reference in references.uses:
            self._follow(source, reference)
        if references.reflects_module:
            self.parts.add(CodePart(source.name, WHOLE))

    def add_whole(self, source: SourceModule) -> None:
        """Adds all parts of a module, and all that it imports."""
        self.parts |= {CodePart(source.name, name) for name in source.parts}
        for name in source.imports:
            self._follow(source, Reference(name))
        for name in source.lazy:
            self._follow_name(source.name, Reference(name))

    def execute(self, modules: Iterable[str]) -> None:
        """Adds the bodies of modules, of those among the names that exist in the project."""
        existing = {name for name in modules if self._tree.owns(name) and self._tree.exists(name)}
        self.parts |= {CodePart(name, BODY) for name in existing}

    def _execute_imports(self, source: SourceModule) -> None:
        """Adds the bodies that are executed before or with the body of a module."""
        self.execute([source.name.rpartition(".")[0]])
        for statement in source.eager:
            self.execute(imported_modules(statement, source.name, package=source.package))

    def _follow(self, source: SourceModule, reference: Reference) -> None:
        """Adds what a reference in a module leads to."""
        if (source.name, reference) in self._followed:
            return
        self._followed.add((source.name, reference))
        root, attributes = reference
        if isinstance(root, Import):
            self._follow_import(root, attributes)
        elif root != BODY and root in source.parts:
            self.parts.add(CodePart(source.name, root))
            for target in source.imports.get(root, ()):
                self._follow_import(target, attributes)
        else:
            for star in source.stars:
                self._follow_import(Import(star), ())

    def _follow_import(self, target: Import, attributes: tuple[str, ...]) -> None:
        """Adds what an imported name leads to: name by name, as long as these are modules."""
        module = target.module
        if not self._tree.owns(module):
            self.libraries |= {module.split(".")[0]} - sys.stdlib_module_names
            return
        names = [*filter(None, [target.name]), *attributes]
        while names and self._is_submodule(module, names[0]):
            self.parts.add(CodePart(module, BODY))
            module = f"{module}.{names.pop(0)}"
        if names:
            self._follow_name(module, Reference(names[0], tuple(names[1:])))
        else:
            self.parts.add(CodePart(module, WHOLE))

    def _is_submodule(self, module: str, name: str) -> bool:
        """Returns whether a name of a module is a module; what the module defines comes first."""
        source = self._tree.module(module)
        if source is not None and name in source.parts | source.lazy.keys():
            return False
        return self._tree.exists(f"{module}.{name}")

    def _follow_name(self, module: str, reference: Reference) -> None:
        """Adds what a name that is no submodule leads to, looked up in a module."""
        source = self._tree.module(module)
        self.parts.add(CodePart(module, BODY))
        name = str(reference.root)
        if source is None:
            return
        if name in source.parts:
            self._follow(source, reference)
        elif name in source.lazy and (module, reference) not in self._followed:
            self._followed.add((module, reference))
            self._follow_lazy(source.lazy[name], reference.attributes)
        elif name not in source.lazy:
            self._add_unknown(source)

    def _follow_lazy(self, target: Import, attributes: tuple[str, ...]) -> None:
        """Adds what a lazy package imports: one of its modules, or a name in one."""
        if target.name and self._tree.exists(f"{target.module}.{target.name}"):
            target = Import(f"{target.module}.{target.name}")
        self._follow_import(target, attributes)

    def _add_unknown(self, source: SourceModule) -> None:
        """Adds what a name may be that a module sets or finds at run time."""
        self.parts.add(CodePart(source.name, WHOLE))
        if "__getattr__" in source.parts and not source.lazy:
            below = self._tree.modules_below(source.name)
            self.parts |= {CodePart(name, WHOLE) for name in below}
