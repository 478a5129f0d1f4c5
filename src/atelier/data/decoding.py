"""Decodes picture files: one reader for all pipelines, with one rule for each mode of a file.

Pictures become grey (height, width) or RGB (height, width, 3), in uint8, uint16 or float32. Label
maps keep their numbers as they are stored, since a number there names a cell and is no colour.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lazy_loader
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from atelier.data.stated_sizes import check_pages, check_pixels, check_segments
from atelier.storage.damage import DAMAGE
from atelier.types import Array

tifffile = lazy_loader.load("tifffile")
logger = logging.getLogger(__name__)

FLOAT32_INTEGERS = 2**24
"""Largest integer up to which float32 holds every integer."""
ANIMATIONS = frozenset({"GIF", "PNG", "WEBP"})
"""Formats other than TIFF whose frames are pictures; a JPEG's further frames are previews."""
NEW_SUBFILE_TYPE, REDUCED, TRANSPARENCY = 254, 1, 4
"""TIFF's tag for the kind of a page, and two of its bits."""
_INTEGERS = {"I", "I;16", "I;16B", "I;16L", "I;16N"}


def decode_picture(
    file: Path | io.BytesIO, name: str, page: int | None = None, *, background: str = "white"
) -> Array:
    """Reads a picture as grey or RGB, upright.

    The EXIF orientation is applied. Alpha is composed on the background. A palette is looked up,
    and gives a grey picture if all its pixels are grey. One bit becomes 0 and 255. CMYK, YCbCr,
    LAB and HSV become RGB. Of several pages or frames the first is read, with a note in the log.

    Args:
        file: A path, or a stream of the file's bytes.
        name: The file's name for messages.
        page: Number of the page or frame, from 0; None reads the first and logs that there are
            more.
        background: Colour behind transparent pixels, as Pillow names it.

    Returns:
        (height, width) or (height, width, 3): uint8; uint16 of integers with more than 8 bits;
        float32 of floats, and of integers beyond 0 … 65,535 that it holds exactly.

    Raises:
        ValueError: If the file is not a complete picture, has too many pixels, or has values that
            are NaN, infinite or too large for float32. The message begins with `name`.
    """
    image = _load(file, name, page)
    if image.mode in {"1", "L"} and not image.has_transparency_data:
        return np.asarray(image.convert("L"))
    if image.mode in _INTEGERS:
        return to_storage_type(_opaque_integers(image, background), name)
    if image.mode == "F":
        return to_storage_type(np.asarray(image), name)
    colours = np.asarray(_opaque(image, background).convert("RGB"))
    if image.mode in {"1", "L", "LA", "La"}:
        return merge_equal_channels(colours)
    return merge_equal_channels(colours) if image.mode in {"P", "PA"} else colours


def decode_labels(file: Path | io.BytesIO, name: str, page: int | None = None) -> Array:
    """Reads a label map as the integers that the file stores, upright.

    The indices of a palette are the labels; its colours are ignored, and so is alpha. Three equal
    channels are read as a single channel.

    Args:
        file: A path, or a stream of the file's bytes.
        name: The file's name for messages.
        page: As :func:`decode_picture` takes it.

    Returns:
        (height, width): bool of one bit, else the file's integers; floats stay floats.

    Raises:
        ValueError: If the file is not a complete picture, or if its pixels are colours.
    """
    image = _load(file, name, page)
    if image.mode in {"CMYK", "YCbCr", "LAB", "HSV"}:
        raise ValueError(f"{name}: Expected a label map of integers. Received: {image.mode} mode")
    stored = np.asarray(image)
    if stored.ndim == 2:
        return stored.astype(stored.dtype.newbyteorder("="))
    labels = merge_equal_channels(stored[..., :3]) if stored.shape[2] > 2 else stored[..., 0]
    if labels.ndim == 3:
        raise ValueError(
            f"{name}: Expected a label map of one channel, integers that number the cells. "
            f"Received: {image.mode} with unequal channels"
        )
    return np.ascontiguousarray(labels)


def decode_mask(file: Path | io.BytesIO, name: str) -> Array:
    """Reads a mask by its brightest channel, upright: a palette is looked up, alpha is ignored.

    Args:
        file: A path, or a stream of the file's bytes.
        name: The file's name for messages.

    Returns:
        (height, width), 0 outside.

    Raises:
        ValueError: If the file is not a complete picture.
    """
    image = _load(file, name)
    if image.mode in {"P", "PA", "CMYK", "YCbCr", "LAB", "HSV"}:
        image = image.convert("RGB")
    stored = np.asarray(image)
    if stored.ndim == 3:
        stored = stored[..., : 3 if stored.shape[2] > 2 else 1].max(axis=2)
    return np.ascontiguousarray(stored, stored.dtype.newbyteorder("="))


def decode_volume(path: Path) -> Array:
    """Reads every section of a TIFF stack as it is stored.

    Returns:
        (sections, height, width), or (sections, height, width, channels).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a complete TIFF, or not a stack of pictures.
    """
    if not path.is_file():
        raise FileNotFoundError(f"Expected {path}. Received: no such file in {path.parent}")
    try:
        with tifffile.TiffFile(path) as stack:
            len(stack.pages)  # finds where a chain of pages leads back to an earlier one
            check_segments(stack.series[0].keyframe)
            volume = np.asarray(stack.asarray())
    except DAMAGE as error:
        raise ValueError(f"{path}: Expected a whole TIFF stack. Received: {error}") from error
    if volume.ndim == 2 or (volume.ndim == 3 and volume.shape[-1] in {3, 4}):
        volume = volume[None]
    if volume.ndim not in {3, 4} or 0 in volume.shape:
        raise ValueError(f"{path}: Expected a stack of pictures. Received: shape {volume.shape}")
    return volume


def to_storage_type(values: Array, name: str) -> Array:
    """Converts pixels to one of the three types of pictures: uint8, uint16, float32.

    Args:
        values: Booleans, integers or floats, of any shape.
        name: The file's name for messages.

    Returns:
        uint8 of Booleans (0 and 255) and of 8 bit; uint16 of other integers within 0 … 65,535;
        else float32.

    Raises:
        ValueError: If values are NaN or infinite, or integers that float32 does not hold exactly.
    """
    if values.dtype == bool:
        return values * np.uint8(255)
    if values.dtype.kind == "f":
        return _finite(values, name)
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name}: Expected integers or floats. Received: {values.dtype}")
    low, high = int(values.min()), int(values.max())
    if low >= 0 and high <= np.iinfo(np.uint16).max:
        return values.astype(np.uint8 if values.dtype == np.uint8 else np.uint16)
    if max(-low, high) <= FLOAT32_INTEGERS:
        return values.astype(np.float32)
    raise ValueError(
        f"{name}: Expected integers from {-FLOAT32_INTEGERS:,} to {FLOAT32_INTEGERS:,}, which "
        f"float32 holds exactly. Received: {low:,} to {high:,}; rescale the picture"
    )


def merge_equal_channels(picture: Array) -> Array:
    """Returns a picture of three equal channels as (height, width), others unchanged."""
    if picture.ndim == 3 and all(
        np.array_equal(picture[..., 0], picture[..., channel]) for channel in (1, 2)
    ):
        picture = picture[..., 0]
    return np.ascontiguousarray(picture)


def list_pages(file: Path | io.BytesIO, name: str) -> list[int]:
    """Returns the numbers of a file's pages or frames, from 0.

    A TIFF's smaller copies of a page and its masks of transparency are left out.

    Args:
        file: A path, or a stream of the file's bytes.
        name: The file's name for messages.

    Raises:
        ValueError: If the file is no picture.
    """
    with _described_errors(file, name), Image.open(file) as opened:
        count = getattr(opened, "n_frames", 1)
        check_pages(count, file)
        if opened.format != "TIFF":
            return list(range(count)) if opened.format in ANIMATIONS else [0]
        return [page for page in range(count) if _is_full_page(opened, page)]


def _is_full_page(opened: Any, page: int) -> bool:
    opened.seek(page)
    return page == 0 or not opened.tag_v2.get(NEW_SUBFILE_TYPE, 0) & (REDUCED | TRANSPARENCY)


def _load(file: Path | io.BytesIO, name: str, page: int | None = None) -> Image.Image:
    """Loads a page, by default the first, oriented by its EXIF data."""
    with _described_errors(file, name), Image.open(file) as image:
        pages = getattr(image, "n_frames", 1)
        check_pixels(image, file)
        if page:
            image.seek(page)
            Image._decompression_bomb_check(image.size)  # Pillow checks the first page only
            check_pixels(image, file)
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
    if pages > 1 and page is None:
        logger.info("%s: the first of %d pages or frames is read", name, pages)
    return image


@contextmanager
def _described_errors(file: Path | io.BytesIO, name: str) -> Iterator[None]:
    """Raises the errors of Pillow's plugins as ValueError with the file's name."""
    try:
        yield
    except Image.DecompressionBombError as error:
        raise ValueError(f"{name}: Expected fewer pixels. Received: {error}") from error
    except DAMAGE as error:
        raise ValueError(
            f"{name}: Expected a whole picture in a format that Pillow reads. "
            f"Received: {_first_bytes(file)}{_describe(error)}"
        ) from error


def _describe(error: BaseException) -> str:
    """Describes an error without the address of the stream that Pillow could not identify."""
    if isinstance(error, UnidentifiedImageError):
        return "no format that Pillow knows"
    return f"{type(error).__name__}: {error}"


def _first_bytes(file: Path | io.BytesIO) -> str:
    """Describes the first bytes of a file that cannot be decoded."""
    with file.open("rb") if isinstance(file, Path) else io.BytesIO(file.getvalue()) as stream:
        start = stream.read(12)
    return f"a file that begins with {start!r}; " if start else "an empty file; "


def _opaque(image: Image.Image, background: str) -> Image.Image:
    """Composes a picture with alpha, or with a transparent colour, on the background."""
    if not image.has_transparency_data:
        return image
    straight = image.convert("LA") if image.mode == "La" else image
    behind = Image.new("RGBA", image.size, background)
    return Image.alpha_composite(behind, straight.convert("RGBA"))


def _opaque_integers(image: Image.Image, background: str) -> Array:
    """Returns integers, with the transparent grey value of a 16-bit PNG replaced."""
    values = np.asarray(image)
    transparent = image.info.get("transparency")
    if transparent is None:
        return values
    grey = Image.new("L", (1, 1), background).getpixel((0, 0))
    return np.where(values == transparent, 257 * int(grey), values)  # type: ignore[arg-type]


def _finite(values: Array, name: str) -> Array:
    """Converts floats to float32 and checks that all are finite."""
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    nan, infinite = int(np.isnan(single).sum()), int(np.isinf(single).sum())
    if nan or infinite:
        raise ValueError(
            f"{name}: Expected finite grey values. Received: {nan:,} NaN and {infinite:,} infinite "
            f"among {values.size:,}; crop the picture or fill them in"
        )
    return single
