"""What import statements bind and load, read from their syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

ImportStatement = ast.Import | ast.ImportFrom


class Import(NamedTuple):
    """What an import statement binds a name to.

    Attributes:
        module: The module's full name.
        name: The name in that module; None stands for the module itself.
    """

    module: str
    name: str | None = None


def imports_of(statement: ImportStatement, module: str, *, package: bool) -> dict[str, Import]:
    """Returns what an import statement binds, by name; ``*`` for all names of a module.

    Args:
        statement: The import.
        module: The full name of the module that has the statement.
        package: Whether that module is the ``__init__`` of a package.

    Examples:
        >>> imports_of(ast.parse("from . import figures as f").body[0], "a.b.c", package=False)
        {'f': Import(module='a.b', name='figures')}
    """
    if isinstance(statement, ast.Import):
        return {
            alias.asname or alias.name.split(".")[0]: Import(
                alias.name if alias.asname else alias.name.split(".")[0]
            )
            for alias in statement.names
        }
    origin = absolute_module(statement, module, package=package)
    return {alias.asname or alias.name: Import(origin, alias.name) for alias in statement.names}


def absolute_module(statement: ast.ImportFrom, module: str, *, package: bool) -> str:
    """Returns the full name of the module that ``from … import`` reads.

    Args:
        statement: The import.
        module: The full name of the module that has the statement.
        package: Whether that module is the ``__init__`` of a package.

    Returns:
        The name; of a relative import the last part is missing where it names none.
    """
    if not statement.level:
        return statement.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - statement.level + (1 if package else 0)]
    return ".".join([*parts, *filter(None, [statement.module])])


def imported_modules(statement: ImportStatement, module: str, *, package: bool) -> Iterator[str]:
    """Yields the modules that an import statement loads; names may be modules as well.

    Args:
        statement: The import.
        module: The full name of the module that has the statement.
        package: Whether that module is the ``__init__`` of a package.

    Yields:
        Full names, some of which may be no modules.
    """
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
        return
    origin = absolute_module(statement, module, package=package)
    yield origin
    yield from (f"{origin}.{alias.name}" for alias in statement.names if alias.name != "*")


def is_type_checking(test: ast.expr) -> bool:
    """Returns whether a condition is ``TYPE_CHECKING``, which is false when the code runs."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"
