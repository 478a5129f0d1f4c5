"""Values as texts that are equal exactly where the values are equal, in every process."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import json
import re
import uuid
from collections.abc import Mapping, Set
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from atelier.storage.digests import bytes_digest

EXACT = (
    bytes,
    complex,
    range,
    slice,
    dt.date,
    dt.time,
    dt.timedelta,
    dt.tzinfo,
    decimal.Decimal,
    enum.Enum,
    fractions.Fraction,
    re.Pattern,
    uuid.UUID,
)
"""Types whose ``repr`` has all of a value."""


class CanonicalTextError(ValueError):
    """A value has no text that is the same in every process."""


def canonical_text(value: Any) -> str:
    """Returns a value as JSON with sorted keys.

    Args:
        value: Numbers, texts, dates, paths, arrays, classes; lists, mappings, sets, dataclasses
            and pydantic models of these.

    Raises:
        CanonicalTextError: If a part of the value has no such text.

    Examples:
        >>> canonical_text({"b": (1, 2), "a": {3.0}})
        '{"a": [3.0], "b": [1, 2]}'
    """
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True)


def fields_of(value: Any) -> Mapping[Any, Any] | None:
    """Returns the values of a mapping, a pydantic model or a dataclass by name; else None."""
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    return value if isinstance(value, Mapping) else None


def _plain(value: Any) -> Any:
    """Returns a value made of JSON's types."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    fields = fields_of(value)
    if fields is not None:
        return {_key(key): _plain(item) for key, item in fields.items()}
    if isinstance(value, Set):
        return sorted((_plain(item) for item in value), key=json.dumps)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _text(value)


def _key(key: Any) -> str:
    """Returns a key as a text; ``1`` and ``"1"`` differ."""
    return key if isinstance(key, str) else f"({key!r})"


def _text(value: Any) -> str:
    """Returns a value that JSON does not have as a text.

    Raises:
        CanonicalTextError: If its type is unknown, since its ``repr`` may leave something out.
    """
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, EXACT):
        return f"{kind} {value!r}"
    if hasattr(value, "tobytes") and not getattr(value.dtype, "hasobject", True):
        return f"{kind} {value.dtype} {value.shape} {bytes_digest(value.tobytes())}"
    raise CanonicalTextError(
        f"Expected numbers, texts, dates, paths, arrays, and groups of these. Received: {kind}"
    )
