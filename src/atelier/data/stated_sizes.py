"""What a picture's file states about its size, compared with its bytes before it is decoded."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

from PIL import Image

MISSING_SEGMENTS = 1000
"""Largest number of strips or tiles of a TIFF's page that may be missing."""
PIXELS_PER_BYTE = {
    "PNG": 8 * 1032,  # deflate shortens data to 1/1032 at most
    "tiff_deflate": 8 * 1032,
    "tiff_adobe_deflate": 8 * 1032,
    "packbits": 8 * 64,
    "raw": 8,
}
"""Largest number of pixels for each byte of a file, by its format or by the compression of a TIFF;
others have no such limit."""


def check_pixels(image: Image.Image, file: Path | io.BytesIO) -> None:
    """Raises a ValueError if a page states more pixels than the file's bytes can hold.

    Pillow takes the missing ones for black.
    """
    kind = image.info.get("compression") if image.format == "TIFF" else image.format
    pixels, length = math.prod(image.size), _length(file)
    if pixels > PIXELS_PER_BYTE.get(str(kind), math.inf) * length:
        raise ValueError(f"{pixels:,} pixels in {length:,} bytes")


def check_pages(count: int, file: Path | io.BytesIO) -> None:
    """Raises a ValueError if a file states more pages or frames than it has bytes."""
    length = _length(file)
    if count > length:
        raise ValueError(f"{count:,} pages or frames in {length:,} bytes")


def check_segments(page: Any) -> None:
    """Raises a ValueError if a page states far more strips or tiles than it has addresses of.

    Args:
        page: Of a TIFF, as tifffile has it.
    """
    stated, stored = math.prod(page.chunked), len(page.dataoffsets)
    if stated > MISSING_SEGMENTS + stored:
        raise ValueError(f"a page of {stated:,} strips or tiles with {stored:,} addresses")


def _length(file: Path | io.BytesIO) -> int:
    return file.stat().st_size if isinstance(file, Path) else file.getbuffer().nbytes
