"""The names of parameters: short ones beside those of groups, and suggestions for unknown ones."""

import difflib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

SHORT = "short"
"""The group under which ``conf/`` refers to short names: ``${runtime_params:short.seed,0}``."""
MAX_LISTED = 40
"""Longer lists of known names are left out of error messages."""


def arrange_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Nests parameters by the dots in their names; a name without a dot is a short name.

    Kedro lays runtime parameters over those of ``conf/``, where ``style=a.jpg`` would replace the
    whole group ``style``. Under ``short`` it lies beside ``style.style.transfer.style_weight=1``.

    Args:
        parameters: Values by dotted names, or nested groups, or both.

    Returns:
        Groups by name, ``short`` among them if there are short names. A second call
        changes nothing.

    Raises:
        ValueError: If a name has a value and is a group as well.

    Examples:
        >>> arrange_parameters({"picture": "mine.png", "picture.otsu.resamples": 30})
        {'short': {'picture': 'mine.png'}, 'picture': {'otsu': {'resamples': 30}}}
    """
    return nest_by_dots(
        {
            name if "." in name or isinstance(value, Mapping) else f"{SHORT}.{name}": value
            for name, value in parameters.items()
        }
    )


def nest_by_dots(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Nests values by the dots in their names.

    Raises:
        ValueError: If a name has a value and is a group as well.

    Examples:
        >>> nest_by_dots({"digits.hidden": 9, "digits.epochs": 2})
        {'digits': {'hidden': 9, 'epochs': 2}}
    """
    nested: dict[str, Any] = {}
    for name, value in parameters.items():
        _put(nested, tuple(name.split(".")), value)
    return nested


def merge_trees(*trees: Mapping[str, Any]) -> dict[str, Any]:
    """Merges nested names; a group takes precedence over a value, and a value over None.

    Examples:
        >>> merge_trees({"a": None, "b": {"c": 1}}, {"a": 2, "b": {"c": 3, "d": 4}})
        {'a': 2, 'b': {'c': 1, 'd': 4}}
    """
    merged: dict[str, Any] = {}
    for tree in trees:
        for name, value in tree.items():
            before = merged.get(name)
            if isinstance(value, Mapping):
                merged[name] = merge_trees(before if isinstance(before, Mapping) else {}, value)
            elif before is None:
                merged[name] = value
    return merged


def _put(tree: dict[str, Any], path: tuple[Any, ...], value: Any, above: str = "") -> None:
    """Puts a value, or every leaf of a group, below ``tree``."""
    key, *rest_of_path = path
    name = f"{above}.{key}".removeprefix(".")
    is_group = bool(rest_of_path) or isinstance(value, Mapping)
    if key in tree and isinstance(tree[key], dict) != is_group:
        raise ValueError(
            f"Expected '{name}' to be a value or a group of parameters. Received: both"
        )
    if not is_group:
        tree[key] = value
        return
    below = tree.setdefault(key, {})
    if rest_of_path:
        _put(below, tuple(rest_of_path), value, name)
        return
    for inner_key, inner_value in value.items():
        _put(below, (inner_key,), inner_value, name)


def _add(tree: dict[str, Any], path: Sequence[str]) -> None:
    """Adds a name without a value, where there is none yet."""
    *groups, last = path
    for group in groups:
        tree = tree.setdefault(group, {})
        if not isinstance(tree, dict):
            return
    tree.setdefault(last, None)


class Names:
    """The names of parameters that a project knows.

    Args:
        declared: The parameters of ``conf/``, nested.
        typed: The types of groups, by the groups' dotted names.
        requested: The names that the configuration reads at run time, such as ``short.seed``.
    """

    def __init__(
        self,
        declared: Mapping[str, Any],
        typed: Mapping[str, Any] | None = None,
        requested: Iterable[str] = (),
    ) -> None:
        self._declared = arrange_parameters({SHORT: {}} | dict(declared))
        self._typed = dict(typed or {})
        for name in requested:
            _add(self._declared, name.split("."))

    def unknown_paths(self, parameters: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
        """Yields the path of every unknown name among arranged parameters."""
        yield from self._unknown(parameters, ())

    def describe_unknown(self, path: tuple[str, ...]) -> str:
        """Returns what was expected instead of an unknown name, without any value."""
        suggestions = self.suggestions(path)
        *above, _ = path
        siblings = sorted((self.names_below(tuple(above)) or set()) - {SHORT})
        words = [f"Expected the name of a parameter. Received: '{_dotted(path)}'."]
        if path[0] == SHORT and path[-1] in self._declared:
            words.append(f"That is a group, such as {path[-1]}.{self._example(path[-1])}=…")
        elif suggestions:
            words.append(f"Did you mean {' or '.join(map(repr, suggestions))}?")
        if 0 < len(siblings) <= MAX_LISTED:
            words.append(f"{_heading(tuple(above))}: {', '.join(siblings)}")
        return " ".join(words)

    def suggestions(self, path: tuple[str, ...]) -> list[str]:
        """Returns up to three known names that resemble an unknown one, first of the same group."""
        if closest := self.closest(path):
            return [closest]
        last, leaves = path[-1], list(self._leaves(self._declared))
        lasts = difflib.get_close_matches(last, {leaf[-1] for leaf in leaves}, n=1, cutoff=0.8)
        return [_dotted(leaf) for leaf in leaves if leaf[-1] in lasts][:3]

    def closest(self, path: tuple[str, ...], *, cutoff: float = 0.6) -> str | None:
        """Returns the name of the same group that an unknown one resembles most, or None.

        Args:
            path: The unknown name.
            cutoff: Share of letters that the two must have in common (difflib's ratio).
        """
        *above, last = path
        siblings = (self.names_below(tuple(above)) or set()) - {SHORT}
        nearest = difflib.get_close_matches(last, sorted(siblings), n=1, cutoff=cutoff)
        return _dotted((*above, *nearest)) if nearest else None

    def names_below(self, path: tuple[str, ...]) -> set[str] | None:
        """Returns the names that a group may have, or None where any name is allowed."""
        for end in range(len(path), 0, -1):
            name = ".".join(path[:end])
            if name in self._typed:
                return _names_of(self._typed[name], path[end:])
        group = self._at(path)
        if isinstance(group, Mapping):
            return {str(name) for name in group} if len(path) < 2 else None
        return None if group is None else set()

    def _unknown(
        self, parameters: Mapping[str, Any], path: tuple[str, ...]
    ) -> Iterator[tuple[str, ...]]:
        allowed = self.names_below(path)
        for name, value in parameters.items():
            inner_path = (*path, str(name))
            if allowed is not None and str(name) not in allowed:
                yield inner_path
            elif isinstance(value, Mapping):
                yield from self._unknown(value, inner_path)

    def _at(self, path: tuple[str, ...]) -> Any:
        group: Any = self._declared
        for name in path:
            group = group.get(name) if isinstance(group, Mapping) else None
        return group

    def _example(self, group: str) -> str:
        return next((".".join(leaf) for leaf in self._leaves(self._declared[group])), "NAME")

    def _leaves(self, group: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
        for name, value in group.items():
            if isinstance(value, Mapping) and value:
                yield from ((str(name), *leaf) for leaf in self._leaves(value))
            else:
                yield (str(name),)


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path[1:] if path[0] == SHORT and len(path) > 1 else path)


def _heading(above: tuple[str, ...]) -> str:
    if above == (SHORT,):
        return "Short names"
    return f"Known in '{'.'.join(above)}'" if above else "Known groups"


def _names_of(annotation: Any, path: tuple[str, ...]) -> set[str] | None:
    """Returns the fields at a path below a type; None where it is a dictionary or no model."""
    models, values = _parts(annotation)
    if not path:
        names = {name for model in models for name in model.model_fields}
        return None if values or not models else names
    fields = [model.model_fields for model in models if path[0] in model.model_fields]
    inner = [*(field[path[0]].annotation for field in fields), *values]
    return _names_of(inner[0], path[1:]) if inner else None


def _parts(annotation: Any) -> tuple[list[type[BaseModel]], list[Any]]:
    """Returns the models in a type, and the types of values where it is a dictionary."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation], []
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _parts(arguments[0])
    if origin in (Union, types.UnionType):
        parts = list(map(_parts, arguments))
        return (
            [model for models, _ in parts for model in models],
            [value for _, values in parts for value in values],
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return [], [arguments[1]]
    return [], []
