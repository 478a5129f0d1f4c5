"""Text on terminals that know fewer characters than UTF-8 has."""

import codecs
import io
import unicodedata
from typing import TextIO

PLAIN = {
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’‚", "'"),
    "×": "x", "·": "*", "•": "*", "→": "->", "≤": "<=", "≥": ">=", "⁄": "/",
}  # fmt: skip
"""What stands for characters that have no letters inside them."""
ERRORS = "atelier.plain"


def plain(error: UnicodeError) -> tuple[str, int]:
    """Replaces what an encoding lacks by plain letters, or else by a question mark.

    It is a handler of errors for :func:`codecs.register_error`.

    Args:
        error: What could not be encoded, and where.

    Returns:
        The replacement, and where encoding goes on.

    Raises:
        UnicodeError: If it happened on decoding.

    Examples:
        >>> codecs.register_error("atelier.plain", plain)
        >>> "train … é ☃".encode("ascii", "atelier.plain")
        b'train ... e ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(map(_ascii, text)), error.end


def _ascii(character: str) -> str:
    parts = unicodedata.normalize("NFKD", PLAIN.get(character, character))
    letters = "".join(PLAIN.get(part, part) for part in parts)
    return letters.encode("ascii", "ignore").decode() or "?"


def use_ascii_fallback(*streams: TextIO) -> None:
    """Makes streams write what their encoding lacks as plain letters, instead of failing."""
    codecs.register_error(ERRORS, plain)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors=ERRORS)
