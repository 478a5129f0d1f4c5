"""A module's source as parts: one for each name that it defines, and one for what it executes.

Comments, formatting, docstrings and what stands under ``if TYPE_CHECKING`` are no part of it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from atelier.incremental.import_statements import Import, ImportStatement, imports_of
from atelier.incremental.lazy_imports import lazy_imports, loaded_modules
from atelier.incremental.references import References, references_of
from atelier.incremental.top_level import (
    bound_names,
    has_effects,
    import_statements,
    is_docstring,
    without_docstrings,
    without_main,
)
from atelier.storage.digests import bytes_digest

BODY = ""
"""The name of the part that has what a module executes when it is imported."""
CODE = frozenset({".py", ".pyi"})
IRRELEVANT = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
"""Fields of Python's syntax that follow from the others, or have no meaning."""
WHOLE = "*"
"""The name that stands for all parts of a module."""


@dataclass(frozen=True)
class SourceModule:
    """The parsed source of a module.

    Attributes:
        name: The module's full name.
        folder: The folder of its file.
        package: Whether it is the ``__init__`` of a package.
        statements: The statements at its top level by the names that they bind, and under
            :data:`BODY` those that do more than to bind a name.
        imports: What its imports bind, by name; several where branches differ.
        lazy: What a package imports when it is first used, by name.
        stars: Modules of which all names are imported.
        eager: The import statements that are executed when the module is imported.
    """

    name: str
    folder: Path
    package: bool
    statements: dict[str, list[ast.stmt]] = field(repr=False)
    imports: dict[str, set[Import]] = field(repr=False)
    lazy: dict[str, Import] = field(repr=False)
    stars: tuple[str, ...] = ()
    eager: tuple[ImportStatement, ...] = field(default=(), repr=False)
    _digests: dict[str, str] = field(default_factory=dict, repr=False)
    _references: dict[str, References] = field(default_factory=dict, repr=False)

    def digest(self, part: str) -> str:
        """Returns the digest of a part's code."""
        if part not in self._digests:
            code = [repr(_outline(item)) for item in self.statements.get(part, [])]
            targets = sorted(map(str, self.imports.get(part, ())))
            self._digests[part] = bytes_digest("\n".join([*code, *targets]).encode())
        return self._digests[part]

    def references(self, part: str) -> References:
        """Returns what a part's code refers to."""
        if part not in self._references:
            statements = self.statements.get(part, [])
            references = references_of(statements, self.name, package=self.package)
            self._references[part] = references
        return self._references[part]

    def files(self, part: str) -> list[Path]:
        """Returns the files beside the module that a part's code names, such as templates."""
        paths = (self.folder / name for name in sorted(self.references(part).files))
        return [path for path in paths if path.suffix not in CODE and path.is_file()]

    @property
    def parts(self) -> set[str]:
        """The names of all parts."""
        return {BODY, *self.statements, *self.imports}


def parse_module(path: Path, name: str) -> SourceModule:
    """Returns the parsed source of a module.

    A file that this version of Python cannot parse, and so cannot import, counts by its bytes.

    Args:
        path: The file of the module.
        name: The module's full name.
    """
    content = path.read_bytes()
    try:
        tree = ast.parse(content, str(path))
    except SyntaxError:
        tree = ast.parse(f"assert '{bytes_digest(content)}'")
    package = path.name == "__init__.py"
    body = list(without_main(without_docstrings(tree.body)))
    statements: dict[str, list[ast.stmt]] = {BODY: []}
    imports: dict[str, set[Import]] = {}
    eager = tuple(import_statements(body))
    for imported in eager:
        for bound, target in imports_of(imported, name, package=package).items():
            imports.setdefault(bound, set()).add(target)
    for bound, target in loaded_modules(body).items():
        imports.setdefault(bound, set()).add(target)
    stars = tuple(target.module for target in imports.pop("*", set()))
    project = name.split(".", maxsplit=1)[0]
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        for bound in bound_names(statement):
            statements.setdefault(bound, []).append(statement)
        if has_effects(statement, imports, project):
            statements[BODY].append(statement)
    lazy = lazy_imports(body, path, name) if package else {}
    return SourceModule(name, path.parent, package, statements, imports, lazy, stars, eager)


def _outline(node: Any) -> Any:
    """Returns syntax as nested tuples and lists, without docstrings and places in the file."""
    if isinstance(node, ast.AST):
        fields = [name for name in node._fields if name not in IRRELEVANT]
        return (type(node).__name__, *[_outline(getattr(node, name, None)) for name in fields])
    if isinstance(node, list):
        return [_outline(item) for item in node if not is_docstring(item)]
    return node
