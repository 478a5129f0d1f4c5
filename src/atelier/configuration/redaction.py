"""No password, key or signature in a run's parameters, tags, logs or tracebacks."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

HIDDEN = "***"
HARMLESS = frozenset({
    "crop", "dl", "download", "dpr", "fit", "fm", "format", "h", "height", "lang", "max_height",
    "max_width", "page", "quality", "raw", "resize", "size", "v", "version", "w", "width",
})  # fmt: skip
"""Names in the query of an address whose values stay; those of all others are hidden."""
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
    """Returns a value without secrets.

    Hidden is what stands under a telling name such as ``password``, what an address has before its
    ``@``, and the values in its query, but for those of :data:`HARMLESS` names.

    Args:
        value: A text, or mappings and sequences of such; anything else stays as it is.
        name: The name that the value has, with those of its groups.

    Examples:
        >>> redact("https://me:pass@host/x.png?width=9&sig=abc")
        'https://***@host/x.png?width=9&sig=***'
    """
    if isinstance(value, Mapping):
        return {key: redact(one, f"{name}.{key}") for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(redact(one, name) for one in value)
    if value is not None and _NAMES.search(name):
        return HIDDEN
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    text = _ADDRESS.sub(_address, _SPACED.sub(HIDDEN, text))
    for pattern in (_BEARER, _ASSIGNED):
        text = pattern.sub(rf"\g<name>{HIDDEN}", text)
    return text


def _address(match: re.Match[str]) -> str:
    rest = match["rest"]
    end = _PUNCTUATION.search(rest)
    tail = end.group() if end else ""
    rest = _without_user(rest.removesuffix(tail))
    before = re.split(r"[?#;]", rest, maxsplit=1)[0]
    return match["scheme"] + before + _without_values(rest[len(before) :]) + tail


def _without_user(rest: str) -> str:
    """Hides all up to the last @, unless the @ can only be part of a path.

    Passwords with an @, /, ? or # are not allowed in an address, but typed all the same.
    """
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority or ("@" in rest and not _is_host(authority)):
        return f"{HIDDEN}@{rest.rpartition('@')[2]}"
    return rest


def _is_host(authority: str) -> bool:
    """Whether this is a host and not the beginning of ``user:password``."""
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
        is_plain = (is_first and mark in "#;") or name in {"", *HARMLESS}
        return f"{mark}{name if is_plain else HIDDEN}"
    is_plain = name.lower() in HARMLESS and bool(re.fullmatch(r"=[\w.-]{0,20}", value))
    return f"{mark}{name}{value if is_plain else '=' + HIDDEN}"


def _clean(record: logging.LogRecord) -> logging.LogRecord:
    """Takes secrets out of a record's message and of the traceback that comes with it."""
    try:
        message = record.getMessage()
    except (KeyError, TypeError, ValueError):  # logging itself tells of arguments that do not fit
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
    """Takes secrets out of a message before it is shown or stored."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass, without secrets."""
        _clean(record)
        return True


class _RedactingFactory:
    """Makes records of the log without secrets, whatever the logger and its handlers."""

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
    """Keeps secrets out of all that this process logs from now on, and out of its last error."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, _RedactingFactory):
        logging.setLogRecordFactory(_RedactingFactory(make))
    if not isinstance(sys.excepthook, _RedactingHook):
        sys.excepthook = _RedactingHook(sys.excepthook)
