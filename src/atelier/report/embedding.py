"""Pictures as ``data:`` addresses, so that a page needs no other file."""

import base64
import io
from pathlib import Path
from typing import IO

from PIL import Image

WIDTH = 1600
"""Largest width of a picture in pixels."""
QUALITY = 88
METHOD = 2
"""Effort of the compression, 0 to 6: half the time of 4, Pillow's default, for 4 % more bytes."""


def picture_address(path: Path | IO[bytes], *, width: int = WIDTH) -> tuple[str, int, int]:
    """Returns a picture as a ``data:`` address in WebP, with its width and height in pixels.

    Args:
        path: The picture's file.
        width: Largest width; a wider picture is reduced.
    """
    image = reduced_picture(path, width)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=METHOD)
    return _address("image/webp", buffer.getvalue()), image.width, image.height


def reduced_picture(path: Path | IO[bytes], width: int) -> Image.Image:
    """Returns a picture in colours, at most so wide.

    Args:
        path: The picture's file.
        width: Largest width in pixels; a wider picture is reduced.
    """
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if image.width <= width:
        return image
    height = round(image.height * width / image.width)
    return image.resize((width, height), Image.Resampling.LANCZOS)


def animation_address(path: Path) -> tuple[str, int, int]:
    """Returns a GIF as a ``data:`` address, with its width and height in pixels."""
    with Image.open(path) as opened:
        width, height = opened.size
    return _address("image/gif", path.read_bytes()), width, height


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
