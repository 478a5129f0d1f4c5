"""Pictures and scripts as text that a page carries in itself."""

import base64
import io
from pathlib import Path

from PIL import Image

WIDTH = 1600
QUALITY = 88


def picture_address(path: Path, *, width: int = WIDTH) -> tuple[str, int, int]:
    """A picture as a ``data:`` address in WebP, no wider than ``width``; its width and height."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if image.width > width:
        height = round(image.height * width / image.width)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    kept = io.BytesIO()
    image.save(kept, "WEBP", quality=QUALITY, method=4)
    return _address("image/webp", kept.getvalue()), image.width, image.height


def animation_address(path: Path) -> tuple[str, int, int]:
    """An animation as it is, as a ``data:`` address; its width and height."""
    with Image.open(path) as opened:
        width, height = opened.size
    return _address("image/gif", path.read_bytes()), width, height


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
