"""The code and the bound values of a node's function, below its wrappers."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from atelier.incremental.links import CodePart
from atelier.incremental.source_modules import WHOLE

NAMED = (type, types.BuiltinFunctionType)
"""Types of what is found by the name that it has in its module."""


@dataclass
class FunctionContent:
    """What a function consists of.

    Attributes:
        parts: Its code, that of its wrappers, and that of functions bound to it.
        values: Other values that are bound to it, by name: arguments of ``functools.partial``,
            variables of an enclosing function, the fields of an object that is called.
    """

    parts: set[CodePart] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)


def function_content(function: Callable[..., Any]) -> FunctionContent:
    """Returns the code and the bound values of a function.

    Args:
        function: A function, a method, a class, a ``functools.partial``, an object that can be
            called, or one of these in wrappers made by ``functools.wraps``.

    Examples:
        >>> content = function_content(functools.partial(print, sep="-"))
        >>> content.parts, content.values
        ({CodePart(module='builtins', name='print')}, {'print.sep': '-'})
    """
    content = FunctionContent()
    _add(function, content, set())
    return content


def _add(function: Any, content: FunctionContent, visited: set[int]) -> None:
    """Adds a function, and what is bound to it.

    Args:
        function: Anything that can be called.
        content: Gets its code and values.
        visited: Functions that were added before, by their ids.
    """
    if id(function) in visited:
        return
    visited.add(id(function))
    if isinstance(function, functools.partial):
        _add(function.func, content, visited)
        bound = dict(enumerate(function.args)) | function.keywords
        _add_values(_name_of(function.func), bound, content, visited)
    elif isinstance(function, types.MethodType):
        _add(function.__func__, content, visited)
        _add_object(function.__self__, content, visited)
    elif isinstance(function, types.FunctionType):
        _add_function(function, content, visited)
    elif isinstance(function, NAMED) or hasattr(function, "__wrapped__"):
        _add_named(function, content, visited)
    else:
        _add_object(function, content, visited)


def _add_function(
    function: types.FunctionType, content: FunctionContent, visited: set[int]
) -> None:
    """Adds a function by the module that it was compiled in, which wrappers do not change."""
    module = str(function.__globals__.get("__name__", function.__module__))
    name = function.__code__.co_qualname.split(".")[0]
    content.parts.add(CodePart(module, name))
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        _add(wrapped, content, visited)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    bound = {name: _cell_value(cell) for name, cell in cells}
    _add_values(function.__name__, bound, content, visited)


def _add_named(function: Any, content: FunctionContent, visited: set[int]) -> None:
    """Adds a class, a function of C, or an object around a function, such as a jitted one."""
    module = getattr(function, "__module__", None) or "builtins"
    content.parts.add(CodePart(module, _name_of(function).split(".")[0]))
    wrapped = getattr(function, "__wrapped__", None)
    if wrapped is not None:
        _add(wrapped, content, visited)
    owner = getattr(function, "__self__", None)
    if isinstance(function, types.BuiltinFunctionType) and not isinstance(owner, types.ModuleType):
        content.values[f"{function.__qualname__}.self"] = owner


def _add_object(value: Any, content: FunctionContent, visited: set[int]) -> None:
    """Adds an object that is called, or whose method is: its class and its fields."""
    if isinstance(value, type):
        _add(value, content, visited)
        return
    _add(type(value), content, visited)
    _add_values(type(value).__qualname__, getattr(value, "__dict__", {}), content, visited)


def _add_values(
    owner: str, values: dict[Any, Any], content: FunctionContent, visited: set[int]
) -> None:
    """Adds values that are bound to a function; functions and modules among them as code.

    Args:
        owner: The name of the function.
        values: The values by the names of the variables.
        content: Gets the values.
        visited: Functions that were added before.
    """
    for name, value in values.items():
        if isinstance(value, types.ModuleType):
            content.parts.add(CodePart(value.__name__, WHOLE))
        elif callable(value):
            _add(value, content, visited)
        else:
            content.values[f"{owner}.{name}"] = value


def _cell_value(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that is not set
        return None


def _name_of(function: Any) -> str:
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name)
