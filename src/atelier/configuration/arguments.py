"""The text of ``--params``: NAME=VALUE,…; a value may be quoted, a list or a group.

Kedro splits at every comma and reads a value as YAML, so that no value can hold a comma and
``my #1.png`` becomes ``my``. Here a comma inside quotes or brackets does not separate values, and a
value without quotes is a number, true, false, null, or else the text itself.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

NULL_TEXTS = ("", "~", "null", "Null", "NULL")
QUOTED = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(?=,|$)""", re.DOTALL)
SEPARATOR = re.compile(r"[\s,]*")
TOKEN = re.compile(
    r"""(?P<quoted>(?<=[\[{,:\s])(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'))|[\[{]|[\]}]|.""", re.DOTALL
)


def parse_parameters(text: str) -> dict[str, Any]:
    """Parses ``NAME=VALUE,…``.

    Args:
        text: The argument of ``--params``.

    Returns:
        The values by their (dotted) names; if a name occurs twice, its last value.

    Raises:
        ValueError: If an item has no name or ``=``, or if quotes or brackets do not close.
            The message shows no value, since that may be a secret.

    Examples:
        >>> parse_parameters("picture='a, b.png',picture.otsu.classes=[2, 3],seed=1")
        {'picture': 'a, b.png', 'picture.otsu.classes': [2, 3], 'seed': 1}
    """
    return dict(_items(text))


def format_parameters(values: Mapping[str, Any]) -> str:
    """Formats values so that :func:`parse_parameters` returns them.

    Tuples come back as lists, paths as text.

    Examples:
        >>> format_parameters({"picture": "a, b.png", "digits.maxout.seeds": (2, 3)})
        'picture="a, b.png",digits.maxout.seeds=[2, 3]'
    """
    return ",".join(f"{name}={_plain_or_quoted(value)}" for name, value in values.items())


def _items(text: str) -> Iterator[tuple[str, Any]]:
    position, previous = _skip(text, 0), "the beginning"
    while position < len(text):
        equals = text.find("=", position)
        name = text[position:equals].strip()
        if equals < 0 or not name or "," in name:
            raise ValueError(
                f"Expected NAME=VALUE after {previous}. Received: no name or no '='. "
                "A value with a comma needs quotes, as in 'picture=\"a, b.png\"'"
            )
        end = _end(text, equals + 1, name)
        yield name, _value(text[equals + 1 : end], name)
        position, previous = _skip(text, end), f"the value of '{name}'"


def _skip(text: str, start: int) -> int:
    """Returns where the next item starts: after commas and spaces."""
    separator = SEPARATOR.match(text, start)
    return separator.end() if separator else start


def _end(text: str, start: int, name: str) -> int:
    """Returns where the value that starts at ``start`` ends: at a separating comma, or the end."""
    opening = text[start:].lstrip()[:1]
    if opening and opening in "\"'":
        if match := QUOTED.match(text, start):
            return match.end()
        raise ValueError(_unclosed(name, "the closing quote, and a comma or nothing after it"))
    if opening and opening in "[{":
        return _bracket_end(text, start, name)
    comma = text.find(",", start)
    return comma if comma >= 0 else len(text)


def _bracket_end(text: str, start: int, name: str) -> int:
    depth = 0
    for token in TOKEN.finditer(text, start):
        depth += (token.group() in "[{") - (token.group() in "]}")
        if depth == 0 and not token.group().isspace():
            after = re.compile(r"\s*(?=,|$)").match(text, token.end())
            if after:
                return after.end()
            break
    raise ValueError(_unclosed(name, "the closing bracket, and a comma or nothing after it"))


def _unclosed(name: str, expected: str) -> str:
    return f"Expected {expected} in the value of '{name}'. Received: something else"


def _value(text: str, name: str) -> Any:
    text = text.strip()
    if text in NULL_TEXTS:
        return None
    try:
        parsed: Any = OmegaConf.to_container(OmegaConf.from_dotlist([f"x={text}"]))
    except (yaml.YAMLError, UnicodeError, OmegaConfBaseException):
        if text[0] in "\"'[{":
            raise ValueError(_unclosed(name, "YAML")) from None
        return text
    value = parsed["x"]
    is_structure = text[0] in "\"'[{"
    is_number = isinstance(value, (bool, int, float)) and "#" not in text
    return value if is_structure or is_number else text


def _plain_or_quoted(value: Any) -> str:
    text = str(value)
    is_plain = not isinstance(value, (bool, int, float, dict, list, tuple)) and value is not None
    if is_plain and "," not in text and text[:1] not in ("", '"', "'", "[", "{"):
        return text if _value(text, "") == text else _to_yaml(value)
    return _to_yaml(value)


def _to_yaml(value: Any) -> str:
    """Returns YAML in flow style, with every text in double quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_to_yaml(k)}: {_to_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_to_yaml, value)) + "]"
    if value is None or isinstance(value, (bool, int, float)):
        plain = float(value) if isinstance(value, float) else value  # NumPy's floats are floats
        return str(yaml.safe_dump(plain)).removesuffix("\n...\n").strip()
    dumped = yaml.safe_dump(str(value), default_style='"', width=float("inf"), allow_unicode=True)
    return str(dumped).strip()
