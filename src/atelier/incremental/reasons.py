"""Why a node runs, as sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from atelier.incremental.facts import Facts
from atelier.incremental.parameters import SECRET

FORCED = "forced"
NOT_RECORDED = "not recorded"
SHOWN = 3
"""Reasons of one node that are shown."""
LONGEST = 60
"""Characters of a value that are shown."""

Describe = Callable[[str, str | None, str | None], str]


def differences(recorded: Facts, present: Facts) -> list[str]:
    """Returns a sentence for each fact that differs.

    Args:
        recorded: The facts of the last run.
        present: The facts of now.

    Examples:
        >>> old = Facts(parameters={"digits.density.reject": "0.02"})
        >>> new = Facts(parameters={"digits.density.reject": "0.05"})
        >>> differences(old, new)
        ['parameter digits.density.reject 0.02 → 0.05']
    """
    kinds: tuple[tuple[Mapping[str, str], Mapping[str, str], Describe], ...] = (
        (recorded.code, present.code, _code),
        (recorded.arguments, present.arguments, _argument),
        (recorded.parameters, present.parameters, _parameter),
        (recorded.inputs, present.inputs, _input),
        (recorded.files, present.files, _file),
        (recorded.settings, present.settings, _settings),
        (recorded.names, present.names, _names),
        (recorded.libraries, present.libraries, _library),
        (recorded.environment, present.environment, _environment),
    )
    return [text for old, new, describe in kinds for text in _compare(old, new, describe)]


def join_reasons(reasons: Sequence[str]) -> str:
    """Returns the first reasons in one line, and the number of the others.

    Examples:
        >>> join_reasons(["a", "b", "c", "d", "e"])
        'a; b; c; and 2 more'
    """
    more = len(reasons) - SHOWN
    return "; ".join([*reasons[:SHOWN], *([f"and {more} more"] if more > 0 else [])])


def always(why: str) -> str:
    """Returns the reason of a node that can never be skipped."""
    return f"always runs: {why}"


def input_made_anew(dataset: str) -> str:
    """Returns the reason of a node whose input another node is going to make."""
    return f"input {dataset} will be made anew"


def output_missing(dataset: str) -> str:
    """Returns the reason of a node whose output does not exist."""
    return f"output {dataset} missing"


def output_changed(dataset: str) -> str:
    """Returns the reason of a node whose output is not what it wrote."""
    return f"output {dataset} was changed by something else"


def joined_with(nodes: Sequence[str]) -> str:
    """Returns the reason of a node whose data in memory comes from or goes to others."""
    return f"its data is in memory only, with {', '.join(nodes)}"


def _compare(old: Mapping[str, str], new: Mapping[str, str], describe: Describe) -> Iterator[str]:
    for name in dict.fromkeys([*new, *old]):
        before, after = old.get(name), new.get(name)
        if before != after:
            yield describe(name, before, after)


def _code(module: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"code of {module} is used now"
    return f"code of {module} " + ("changed" if after else "is no longer used")


def _argument(name: str, before: str | None, after: str | None) -> str:
    return f"argument {_values(name, before, after)}"


def _parameter(name: str, before: str | None, after: str | None) -> str:
    if any((text or "").startswith(SECRET) for text in (before, after)):
        return f"parameter {name} changed"
    return f"parameter {_values(name, before, after)}"


def _input(dataset: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"input {dataset} is new"
    if after is None:
        return f"input {dataset} is no longer read"
    return f"input {dataset} " + ("changed" if after else "missing")


def _file(path: str, before: str | None, after: str | None) -> str:
    del before, after
    return f"file {path} changed"


def _settings(dataset: str, before: str | None, after: str | None) -> str:
    del before, after
    return f"settings of dataset {dataset} changed"


def _names(kind: str, before: str | None, after: str | None) -> str:
    del before, after
    return f"{kind} of the node changed"


def _library(name: str, before: str | None, after: str | None) -> str:
    return f"library {_values(name, before, after)}"


def _environment(name: str, before: str | None, after: str | None) -> str:
    return _values(name, before, after)


def _values(name: str, before: str | None, after: str | None) -> str:
    """Returns a name with what it was and what it is.

    Examples:
        >>> _values("rate", "0.1", "0.2"), _values("rate", None, "0.2"), _values("rate", "1", None)
        ('rate 0.1 → 0.2', 'rate added: 0.2', 'rate removed')
    """
    if after is None:
        return f"{name} removed"
    if before is None:
        return f"{name} added: {_shown(after)}"
    return f"{name} {_shown(before)} → {_shown(after)}"


def _shown(text: str) -> str:
    """Returns a value in one line; a text without quotes, unless spaces would be lost."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        value = text
    is_plain = isinstance(value, str) and value and value.strip() == value
    line = str(value) if is_plain else text
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
