"""The names that are local to a function, by Python's rules of scope."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from atelier.incremental.import_statements import Import, imports_of

SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ClassDef,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
Scope = dict[str, set[Import]]
"""The local names; with what an import binds them to, where it is an import."""


def function_scope(
    function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, module: str, *, package: bool
) -> Scope:
    """Returns the local names of a function, without those of functions inside it.

    Args:
        function: The function.
        module: The full name of its module, to which relative imports refer.
        package: Whether the module is the ``__init__`` of a package.

    Returns:
        What each name is imported from; nothing for a name that is bound otherwise.
    """
    scope: Scope = {argument.arg: set() for argument in arguments_of(function.args)}
    shared: set[str] = set()
    body = function.body if isinstance(function.body, list) else []
    for node in _own_nodes(body):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            shared |= set(node.names)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for name, target in imports_of(node, module, package=package).items():
                scope.setdefault(name, set()).add(target)
        for name in _bound_names(node):
            scope.setdefault(name, set())
    return {name: targets for name, targets in scope.items() if name not in shared or targets}


def comprehension_scope(generators: Iterable[ast.comprehension]) -> Scope:
    """Returns the names that the loops of a comprehension bind."""
    targets = [generator.target for generator in generators]
    return {
        name.id: set()
        for target in targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name)
    }


def arguments_of(arguments: ast.arguments) -> Iterator[ast.arg]:
    """Yields every argument of a function."""
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from filter(None, (arguments.vararg, arguments.kwarg))


def _own_nodes(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yields what lies in a function, but for the inside of functions and classes in it."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def _bound_names(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return set(filter(None, [node.name]))
    return set(filter(None, [node.rest])) if isinstance(node, ast.MatchMapping) else set()
