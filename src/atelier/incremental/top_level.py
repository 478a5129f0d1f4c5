"""The statements at the top level of a module: what they bind, and which do more than that."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping

from atelier.incremental.import_statements import Import, ImportStatement, is_type_checking

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
PURE_DECORATORS = frozenset({
    "abstractmethod",
    "asynccontextmanager",
    "cache",
    "cached_property",
    "classmethod",
    "contextmanager",
    "dataclass",
    "final",
    "jit",
    "lru_cache",
    "njit",
    "overload",
    "override",
    "property",
    "runtime_checkable",
    "singledispatch",
    "staticmethod",
    "total_ordering",
    "vmap",
    "wraps",
})  # fmt: skip
"""Decorators that only make the function or class that they return."""


def is_docstring(node: object) -> bool:
    """Returns whether a statement is a text on its own."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def without_docstrings(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yields the statements of a body that are no texts on their own."""
    return (statement for statement in body if not is_docstring(statement))


def without_main(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yields what is executed when a module is imported.

    Left out are ``if __name__ == "__main__"`` and ``if TYPE_CHECKING``; of the latter, the
    branch that is executed stays.
    """
    for statement in body:
        if isinstance(statement, ast.If) and is_type_checking(statement.test):
            yield from without_docstrings(statement.orelse)
        elif not (isinstance(statement, ast.If) and _is_main(statement.test)):
            yield statement


def import_statements(body: Iterable[ast.stmt]) -> Iterator[ImportStatement]:
    """Yields the imports that are executed with a module, also in branches and classes."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.stmt) and not isinstance(
            node, (ast.FunctionDef, ast.AsyncFunctionDef)
        ):
            waiting.extend(ast.iter_child_nodes(node))
        elif isinstance(node, (ast.ExceptHandler, ast.match_case)):
            waiting.extend(node.body)


def bound_names(statement: ast.stmt) -> set[str]:
    """Returns the names that a statement binds in its module, without those of imports."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    names = {
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    inner = {node.name for node in ast.walk(statement) if isinstance(node, Definition)}
    handlers = {node.name for node in ast.walk(statement) if isinstance(node, ast.ExceptHandler)}
    return names | inner | {name for name in handlers if name}


def has_effects(statement: ast.stmt, imports: Mapping[str, set[Import]], project: str) -> bool:
    """Returns whether a statement may do more than to bind names.

    Args:
        statement: A statement at the top level of a module.
        imports: What the module's imports bind.
        project: The first part of the module's name.

    Returns:
        False for functions and classes without decorators that could register them, and for
        assignments to names, but for ``_``, which nobody reads.
    """
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return not all(_is_pure(item, imports, project) for item in statement.decorator_list)
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return not all(map(_is_name, targets))
    return type(statement).__name__ not in {"Pass", "TypeAlias"}


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name) and target.id != "_"


def _is_pure(decorator: ast.expr, imports: Mapping[str, set[Import]], project: str) -> bool:
    if isinstance(decorator, ast.Call):
        if _last(decorator.func) == "partial" and decorator.args:
            return _is_pure(decorator.args[0], imports, project)
        return _is_pure(decorator.func, imports, project)
    name = _last(decorator)
    if name not in PURE_DECORATORS:
        return False
    return name in {"property", "classmethod", "staticmethod"} or not _is_own(
        decorator, imports, project
    )


def _is_own(expression: ast.expr, imports: Mapping[str, set[Import]], project: str) -> bool:
    """Returns whether a function comes from the project, as far as its name tells."""
    while isinstance(expression, (ast.Attribute, ast.Call, ast.Subscript)):
        expression = expression.func if isinstance(expression, ast.Call) else expression.value
    if not isinstance(expression, ast.Name):
        return False
    targets = imports.get(expression.id)
    if targets is None:  # defined in this module, or Python's own
        return not hasattr(builtins, expression.id)
    return any(target.module.split(".")[0] == project for target in targets)


def _last(expression: ast.expr) -> str:
    """Returns the last name of a dotted expression; nothing for any other."""
    if isinstance(expression, ast.Attribute):
        return expression.attr
    return expression.id if isinstance(expression, ast.Name) else ""


def _is_main(test: ast.expr) -> bool:
    names = [node.id for node in ast.walk(test) if isinstance(node, ast.Name)]
    return isinstance(test, ast.Compare) and names == ["__name__"]
