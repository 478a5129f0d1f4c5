"""What a piece of parsed code refers to: names of its module, with attributes, and imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from atelier.incremental.import_statements import (
    Import,
    ImportStatement,
    imported_modules,
    is_type_checking,
)
from atelier.incremental.scopes import Scope, arguments_of, comprehension_scope, function_scope

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
MODULE_REFLECTION = frozenset({"globals", "locals", "vars", "dir", "eval", "exec"})
"""Names whose use can reach anything in a module."""
CLASS_REFLECTION = frozenset({"__subclasses__", "__init_subclass__"})
"""Names whose use can reach classes that no code names."""
FILE_NAME = re.compile(r"[\w-][\w./-]{0,98}\.\w{1,9}")
"""A relative path with an ending."""


class Reference(NamedTuple):
    """A use of a name, such as ``data.figures.draw``.

    Attributes:
        root: The first name, or what an import inside a function binds it to.
        attributes: The names after it.
    """

    root: str | Import
    attributes: tuple[str, ...] = ()


@dataclass
class References:
    """Everything that a piece of code refers to.

    Attributes:
        uses: The names, with their attributes.
        imported: Modules that are imported when the code runs; some may be no modules.
        files: Texts that may name files beside the module, such as templates.
        reflects_module: Whether the code may use any name of its module.
        reflects_classes: Whether the code may use classes that it does not name.
    """

    uses: set[Reference] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    reflects_module: bool = False
    reflects_classes: bool = False


def references_of(statements: Iterable[ast.stmt], module: str, *, package: bool) -> References:
    """Returns what statements of a module refer to, without what is local to a function.

    Args:
        statements: Statements at the top level of the module.
        module: The module's full name, to which relative imports refer.
        package: Whether the module is the ``__init__`` of a package.

    Returns:
        Names of the module and of others, and files that strings name.
    """
    visitor = _Visitor(module, package=package)
    for statement in statements:
        visitor.visit(statement)
    return visitor.references


class _Visitor(ast.NodeVisitor):
    """Collects references. A name that is not known to be local counts as the module's."""

    def __init__(self, module: str, *, package: bool) -> None:
        self.references = References()
        self._module, self._package = module, package
        self._scopes: list[Scope] = []

    def visit_Name(self, node: ast.Name) -> None:
        self._use(node.id, ())

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and FILE_NAME.fullmatch(node.value):
            self.references.files.add(node.value)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.references.reflects_classes |= node.attr in CLASS_REFLECTION
        attributes, value = [node.attr], node.value
        while isinstance(value, ast.Attribute):
            attributes.append(value.attr)
            value = value.value
        if isinstance(value, ast.Name):
            self._use(value.id, tuple(reversed(attributes)))
        else:
            self.visit(value)

    def visit_If(self, node: ast.If) -> None:
        if not is_type_checking(node.test):
            self.generic_visit(node)
            return
        for statement in node.orelse:
            self.visit(statement)

    def visit_Import(self, node: ast.Import) -> None:
        """A module that is imported by its full name counts whole, whether it is used or not."""
        self._import(node)
        names = [alias.name for alias in node.names if not alias.asname and "." in alias.name]
        self.references.uses |= {Reference(Import(name)) for name in names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._import(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        keywords = {keyword.arg for keyword in node.keywords}
        self.references.reflects_classes |= "metaclass" in keywords
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._outside(node.args)
        scope = function_scope(node, self._module, package=self._package)
        self._inside(scope, [node.body])

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehension(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehension(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.references.reflects_classes |= node.name in CLASS_REFLECTION
        for part in (*node.decorator_list, node.returns):
            if part is not None:
                self.visit(part)
        self._outside(node.args)
        self._inside(function_scope(node, self._module, package=self._package), node.body)

    def _comprehension(self, node: Comprehension) -> None:
        self.visit(node.generators[0].iter)
        self._inside(comprehension_scope(node.generators), ast.iter_child_nodes(node))

    def _outside(self, arguments: ast.arguments) -> None:
        """Visits what is computed where a function is defined: defaults and annotations."""
        annotations = [argument.annotation for argument in arguments_of(arguments)]
        for part in (*arguments.defaults, *arguments.kw_defaults, *annotations):
            if part is not None:
                self.visit(part)

    def _inside(self, scope: Scope, nodes: Iterable[ast.AST]) -> None:
        self._scopes.append(scope)
        for node in nodes:
            self.visit(node)
        self._scopes.pop()

    def _import(self, node: ImportStatement) -> None:
        modules = imported_modules(node, self._module, package=self._package)
        self.references.imported |= set(modules)

    def _use(self, name: str, attributes: tuple[str, ...]) -> None:
        scope = next((scope for scope in reversed(self._scopes) if name in scope), None)
        self.references.reflects_module |= scope is None and name in MODULE_REFLECTION
        roots: Iterable[str | Import] = [name] if scope is None else scope[name]
        self.references.uses |= {Reference(root, attributes) for root in roots}
