"""Hides passwords, keys and signatures in parameters, tags, logs and tracebacks."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

HIDDEN = "***"
SAFE_NAMES = frozenset({
    "crop", "dl", "download", "dpr", "fit", "fm", "format", "h", "height", "lang", "max_height",
    "max_width", "page", "quality", "raw", "resize", "size", "v", "version", "w", "width",
})  # fmt: skip
"""Names in the query of an address whose values stay visible."""
_NAMES = re.compile(
    r"pass(?:word|wd|phrase)|\bpwd|secret|token|credential|authori[sz]ation|signature"
    r"|(?<![a-z])sig(?![a-z])|(?:api|access|account|private|shared|signing|encryption)[_-]?key",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    rf"""(?P<name>\b[\w.-]{{0,80}}?(?:{_NAMES.pattern})[\w.-]{{0,80}}["']?\s*[=:]\s*)(?!\*\*\*)
    (?: "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*'
      | (?:(?:Bearer|Basic)\s+)?[^\s,;"']+(?:[,;](?!\s|[\w.-]+\s*[=:])[^\s,;"']*)* )""",
    re.IGNORECASE | re.VERBOSE,
)
_BEARER = re.compile(r"(?P<name>\bBearer\s+)[\w.~+/=-]{16,}", re.IGNORECASE)
_SPACED = re.compile(
    r"(?<=://)[^\s/?#@:\[\]]*:(?!\d*(?:[^\w~!$%^&*+-]|$))[^\s@]*[ \t][^\n@\"]*(?=@)"
)
_ADDRESS = re.compile(
    r"(?P<scheme>[a-z][\w+.-]*://)(?P<rest>(?:(?![a-z][\w+.-]*://)[^\s\"<>])*)", re.IGNORECASE
)
_PUNCTUATION = re.compile(r"['`)\]},.;:!]*$")
_PIECE = re.compile(r"(?P<mark>[?#&;])(?P<name>[^?#&;=]*)(?P<value>=[^?#&;]*)?")
_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?P<port>:\d*)?")


def redact(value: Any, name: str = "") -> Any:
    """Replaces values whose name looks like a secret, and user info and query values in URLs.

    Args:
        value: A text, or mappings and sequences of texts; any other value is returned unchanged.
        name: The dotted name of the value, such as ``mlflow.password``.

    Returns:
        The value with ``***`` for every secret. In the query of a URL, values of
        :data:`SAFE_NAMES` stay.

    Examples:
        >>> redact("https://me:pass@host/x.png?width=9&sig=abc")
        'https://***@host/x.png?width=9&sig=***'
    """
    if isinstance(value, Mapping):
        return {key: redact(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(redact(item, name) for item in value)
    if value is not None and _NAMES.search(name):
        return HIDDEN
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    text = _ADDRESS.sub(_address, _SPACED.sub(HIDDEN, text))
    for pattern in (_BEARER, _ASSIGNED):
        text = pattern.sub(rf"\g<name>{HIDDEN}", text)
    return text


def _address(match: re.Match[str]) -> str:
    end = _PUNCTUATION.search(match["rest"])
    tail = end.group() if end else ""
    address = _without_user(match["rest"].removesuffix(tail))
    path = re.split(r"[?#;]", address, maxsplit=1)[0]
    return match["scheme"] + path + _without_values(address[len(path) :]) + tail


def _without_user(address: str) -> str:
    """Hides everything up to the last @, unless the @ can only be part of a path.

    Passwords with an @, /, ? or # are not allowed in an address, but people type them.
    """
    authority = re.split(r"[/?#]", address, maxsplit=1)[0]
    if "@" in authority or ("@" in address and not _is_host(authority)):
        return f"{HIDDEN}@{address.rpartition('@')[2]}"
    return address


def _is_host(authority: str) -> bool:
    """Returns whether this is a host and not the beginning of ``user:password``."""
    match = _PORT.fullmatch(authority)
    if match is None:
        return False
    has_domain = "." in match["host"] or match["host"].startswith(("[", "localhost"))
    return not match["port"] or has_domain


def _without_values(query: str) -> str:
    """Hides the values in a query and in a fragment; an anchor stays where there is no query."""
    pieces = [_piece(match, is_first=match.start() == 0) for match in _PIECE.finditer(query)]
    return "".join(pieces)


def _piece(match: re.Match[str], *, is_first: bool) -> str:
    mark, name, value = match["mark"], match["name"], match["value"]
    if value is None:
        is_plain = (is_first and mark in "#;") or name in {"", *SAFE_NAMES}
        return f"{mark}{name if is_plain else HIDDEN}"
    is_plain = name.lower() in SAFE_NAMES and bool(re.fullmatch(r"=[\w.-]{0,20}", value))
    return f"{mark}{name}{value if is_plain else '=' + HIDDEN}"


def _clean(record: logging.LogRecord) -> logging.LogRecord:
    """Removes secrets from a record's message and its traceback."""
    try:
        message = record.getMessage()
    except (KeyError, TypeError, ValueError):  # logging itself reports arguments that do not fit
        record.msg, record.args = redact(str(record.msg)), redact(record.args)
        return record
    if (clean := redact(message)) != message:
        record.msg, record.args = clean, ()
    if record.exc_info and record.exc_info[0]:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if (clean := redact(text)) != text:
            record.exc_text, record.exc_info = clean, None
    if record.stack_info:
        record.stack_info = redact(record.stack_info)
    return record


class RedactingFilter(logging.Filter):
    """Removes secrets from a message before it is shown or stored."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Passes every record, without secrets."""
        _clean(record)
        return True


class _RedactingFactory:
    """Creates log records without secrets, whatever the logger and its handlers."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *arguments: Any, **named: Any) -> logging.LogRecord:
        return _clean(self._make(*arguments, **named))


class _RedactingHook:
    """Shows an error that ends the process, without secrets."""

    def __init__(self, show: Callable[..., Any]) -> None:
        self._show = show

    def __call__(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        text = "".join(traceback.format_exception(kind, error, trace))
        clean = redact(text)
        if clean == text:
            self._show(kind, error, trace)
        else:
            sys.stderr.write(clean)


def hide_secrets() -> None:
    """Hides secrets in everything that this process logs from now on, and in its last error."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, _RedactingFactory):
        logging.setLogRecordFactory(_RedactingFactory(make))
    if not isinstance(sys.excepthook, _RedactingHook):
        sys.excepthook = _RedactingHook(sys.excepthook)
