"""Packages that import their modules on first use, by lazy_loader's ``attach`` or its stub."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from atelier.incremental.import_statements import Import, imports_of

LOADERS = frozenset({"lazy_loader.load", "lazy.load"})
"""Functions that import a module on first use."""


def lazy_imports(body: Iterable[ast.stmt], path: Path, package: str) -> dict[str, Import]:
    """Returns what a package imports on first use, by name.

    Args:
        body: The statements of its ``__init__``.
        path: The file of its ``__init__``; ``attach_stub`` reads ``__init__.pyi`` beside it.
        package: The package's full name.

    Returns:
        Nothing for a package that does not use lazy_loader.
    """
    for call in _calls(body):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name == "attach_stub":
            return _stub_imports(path.with_suffix(".pyi"), package)
        if name == "attach":
            return _attached(call, package)
    return {}


def loaded_modules(body: Iterable[ast.stmt]) -> dict[str, Import]:
    """Returns the modules of ``name = lazy_loader.load("module")``, by name.

    Args:
        body: The statements of a module.
    """
    modules: dict[str, Import] = {}
    for statement in body:
        call = statement.value if isinstance(statement, ast.Assign) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func) in LOADERS and call.args:
            target = _literal(call.args[0])
            names = [item.id for item in _targets(statement) if isinstance(item, ast.Name)]
            modules |= {name: Import(str(target)) for name in names}
    return modules


def _targets(statement: ast.stmt) -> list[ast.expr]:
    return statement.targets if isinstance(statement, ast.Assign) else []


def _calls(body: Iterable[ast.stmt]) -> list[ast.Call]:
    values = [item.value for item in body if isinstance(item, ast.Assign)]
    return [value for value in values if isinstance(value, ast.Call)]


def _stub_imports(stub: Path, package: str) -> dict[str, Import]:
    if not stub.is_file():
        return {}
    imports: dict[str, Import] = {}
    for statement in ast.parse(stub.read_bytes(), str(stub)).body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            imports |= imports_of(statement, package, package=True)
    return imports


def _attached(call: ast.Call, package: str) -> dict[str, Import]:
    """Returns what ``attach(name, submodules, submod_attrs)`` names, where these are literals."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    positional = dict(zip(("submodules", "submod_attrs"), call.args[1:], strict=False))
    values = {str(name): _literal(value) for name, value in (positional | named).items()}
    modules = {name: Import(package, name) for name in values.get("submodules") or ()}
    attributes = {
        name: Import(f"{package}.{module}", name)
        for module, names in (values.get("submod_attrs") or {}).items()
        for name in names
    }
    return modules | attributes


def _literal(value: ast.expr) -> Any:
    try:
        return ast.literal_eval(value)
    except ValueError:
        return None
