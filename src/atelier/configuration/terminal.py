"""Text on terminals that know fewer characters than UTF-8 has."""

import codecs
import io
import unicodedata
from typing import TextIO

REPLACEMENTS = {
    **dict.fromkeys("–—−", "-"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’‚", "'"),
    "×": "x", "·": "*", "•": "*", "→": "->", "≤": "<=", "≥": ">=", "⁄": "/",
}  # fmt: skip
"""ASCII text for characters that do not decompose into letters."""
ERRORS = "atelier.ascii"


def replace_unencodable(error: UnicodeError) -> tuple[str, int]:
    """Replaces characters that an encoding lacks by ASCII letters, or else by a question mark.

    This is an error handler for :func:`codecs.register_error`.

    Args:
        error: The characters that could not be encoded, and their position.

    Returns:
        The replacement, and the position at which encoding continues.

    Raises:
        UnicodeError: If the error occurred on decoding.

    Examples:
        >>> codecs.register_error("atelier.ascii", replace_unencodable)
        >>> "train … é ☃".encode("ascii", "atelier.ascii")
        b'train ... e ?'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(map(_ascii, text)), error.end


def _ascii(character: str) -> str:
    parts = unicodedata.normalize("NFKD", REPLACEMENTS.get(character, character))
    letters = "".join(REPLACEMENTS.get(part, part) for part in parts)
    return letters.encode("ascii", "ignore").decode() or "?"


def use_ascii_fallback(*streams: TextIO) -> None:
    """Makes streams replace characters that their encoding lacks, instead of failing."""
    codecs.register_error(ERRORS, replace_unencodable)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name != "utf-8":
            stream.reconfigure(errors=ERRORS)
