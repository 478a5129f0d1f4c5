"""A node's parameters as texts by dotted name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from atelier.incremental.canonical import canonical_text, fields_of
from atelier.storage.digests import bytes_digest

PREFIX = "params:"
WHOLE_RECORD = "parameters"
"""Kedro's name for all parameters as one input."""
SECRET = "secret "  # noqa: S105
"""What stands before the digest of a value that must not be written."""


def is_parameter(dataset: str) -> bool:
    """Returns whether an input is a parameter."""
    return dataset.startswith(PREFIX) or dataset == WHOLE_RECORD


def parameter_texts(name: str, value: Any, is_secret: Callable[[str, Any], bool]) -> dict[str, str]:
    """Returns each value of a parameter as JSON by its dotted name.

    Args:
        name: The input's name, with ``params:``.
        value: A value, a mapping, a dataclass or a pydantic model.
        is_secret: Whether a value must not be written, by its dotted name and itself.

    Raises:
        CanonicalTextError: If a value is none that a file of parameters can have.

    Examples:
        >>> parameter_texts("params:fit", {"rate": 0.1, "sizes": [1, 2]}, lambda name, value: False)
        {'fit.rate': '0.1', 'fit.sizes': '[1, 2]'}
    """
    short = name.removeprefix(PREFIX) if name != WHOLE_RECORD else ""
    texts = {}
    for leaf, item in _leaves(short, value):
        text = canonical_text(item)
        texts[leaf] = SECRET + bytes_digest(text.encode()) if is_secret(leaf, item) else text
    return texts


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yields dotted names with the values that are no groups."""
    group = fields_of(value)
    if not group:
        yield name, value
        return
    for key, item in group.items():
        yield from _leaves(f"{name}.{key}" if name else str(key), item)
