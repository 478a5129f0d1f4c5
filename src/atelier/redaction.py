"""No password in a run's parameters, tags or logs."""

import logging
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
_IN_ADDRESS = re.compile(r"(?<=://)[^/@\s]+@")
_NAMES = re.compile(r"pass(word|wd|phrase)|secret|token|credential|api_?key|access_?key", re.I)
_ASSIGNED = re.compile(rf"(\b[\w.]*(?:{_NAMES.pattern})[\w.]*\s*[=:]\s*)[^\s,;'\"]+", re.I)


def redacted(value: Any, name: str = "") -> Any:
    """The same without secrets: what stands under a telling name, or in an address before the @.

    Args:
        value: A text, or mappings and sequences of such, or anything else, which is left alone.
        name: Under which it stands.
    """
    if isinstance(value, Mapping):
        return {key: redacted(one, str(key)) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(redacted(one, name) for one in value)
    if value is not None and _NAMES.search(name):
        return HIDDEN
    if isinstance(value, str):
        return _ASSIGNED.sub(rf"\1{HIDDEN}", _IN_ADDRESS.sub(f"{HIDDEN}@", value))
    return value


class RedactingFilter(logging.Filter):
    """Takes secrets out of a message before it is shown or stored."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, without them."""
        message = record.getMessage()
        clean = redacted(message)
        if clean != message:
            record.msg, record.args = clean, ()
        return True
