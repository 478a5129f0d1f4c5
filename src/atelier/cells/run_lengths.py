"""Masks as COCO stores them: run lengths, plain or compressed, and polygons (Lin et al. 2014)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import lazy_loader
import numpy as np

from atelier.types import Array

skimage = lazy_loader.load("skimage")

Segmentation = Mapping[str, Any] | Sequence[Any]
"""What COCO calls a segmentation: ``{"size": [h, w], "counts": …}``, or a list of polygons."""


def decode_run_lengths(counts: Sequence[int], shape: tuple[int, int]) -> Array:
    """Returns the mask of run lengths, which alternate between outside and inside.

    The runs go down the columns, from left to right, and begin outside.

    Args:
        counts: Lengths of the runs, pixels.
        shape: Height and width.

    Returns:
        (height, width) bool.

    Raises:
        ValueError: The lengths do not sum to the pixels of the shape, or are negative.

    Examples:
        >>> from atelier.cells.run_lengths import decode_run_lengths
        >>> decode_run_lengths([2, 3, 1], (2, 3)).astype(int)
        array([[0, 1, 1],
               [0, 1, 0]])
    """
    lengths = _numbers(counts, np.int64, "run lengths")
    pixels = shape[0] * shape[1]
    if lengths.sum() != pixels or (lengths < 0).any():
        raise ValueError(
            f"Expected run lengths that sum to {shape[0]} x {shape[1]} = {pixels:,} pixels. "
            f"Received: {lengths.sum():,} in {len(lengths)} runs"
        )
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(shape, order="F")


def decompress_counts(text: str | bytes) -> list[int]:
    """Returns the run lengths in COCO's compressed text.

    A character holds 5 bits and whether more of the same number follow, least significant bits
    first, in two's complement; from the fourth on, numbers are differences to the number two
    before.

    Args:
        text: As pycocotools writes it.

    Raises:
        ValueError: The text has characters that are none of the code, or ends within a number.

    Examples:
        >>> from atelier.cells.run_lengths import decompress_counts
        >>> decompress_counts("61X13mN000`0")
        [6, 1, 40, 4, 5, 4, 5, 4, 21]
    """
    codes = np.frombuffer(text.encode() if isinstance(text, str) else text, np.uint8)
    values = codes.astype(np.int64) - 48
    if len(values) and (values.min() < 0 or values.max() > 63 or values[-1] & 32):
        raise ValueError(f"Expected compressed run lengths. Received: {text[:40]!r}")
    counts: list[int] = []
    number = bits = 0
    for value in values.tolist():
        number |= (value & 31) << bits
        bits += 5
        if value & 32:
            continue
        signed = number - (1 << bits) if value & 16 else number
        counts.append(signed + counts[-2] if len(counts) > 2 else signed)
        number = bits = 0
    return counts


def fill_polygon(polygon: Sequence[float], shape: tuple[int, int]) -> Array:
    """Returns the mask of the pixels whose centre lies in a polygon.

    Args:
        polygon: ``x, y, x, y …`` of its corners; the upper left pixel's centre is (0.5, 0.5).
        shape: Height and width.

    Returns:
        (height, width) bool.

    Raises:
        ValueError: The polygon has fewer than three corners or an odd number of coordinates.

    Examples:
        >>> from atelier.cells.run_lengths import fill_polygon
        >>> fill_polygon([1, 0, 3, 0, 3, 2, 1, 2], (3, 4)).astype(int)
        array([[0, 1, 1, 0],
               [0, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    coordinates = _numbers(polygon, np.float64, "coordinates of a polygon")
    if len(coordinates) < 6 or len(coordinates) % 2:
        raise ValueError(
            "Expected a polygon of at least three corners, x, y, x, y …. "
            f"Received: {len(coordinates)} coordinates"
        )
    corners = coordinates.reshape(-1, 2)
    mask = np.zeros(shape, bool)
    mask[skimage.draw.polygon(corners[:, 1] - 0.5, corners[:, 0] - 0.5, shape)] = True
    return mask


def _numbers(values: Any, dtype: type[np.number[Any]], what: str) -> Array:
    """Returns a list as an array of finite numbers, (n,).

    Raises:
        ValueError: It is no list of such numbers.
    """
    try:
        numbers = np.asarray(values, dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"Expected {what} that are numbers. Received: {error}") from error
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise ValueError(f"Expected a list of {what}. Received: {str(values)[:80]}")
    return numbers


def decode_segmentation(segmentation: Segmentation, shape: tuple[int, int]) -> Array:
    """Returns the mask of an annotation; the polygons of a list are united.

    Args:
        segmentation: Run lengths, compressed or not, or polygons.
        shape: Height and width of the image.

    Returns:
        (height, width) bool.

    Raises:
        ValueError: It is of another size, or neither run lengths nor polygons.
    """
    if isinstance(segmentation, Mapping):
        if segmentation.get("size") not in (list(shape), shape):
            raise ValueError(
                f"Expected run lengths of the picture's size {list(shape)}, height and width. "
                f"Received: {segmentation.get('size')}"
            )
        counts = segmentation.get("counts", ())
        lengths = decompress_counts(counts) if isinstance(counts, (str, bytes)) else counts
        return decode_run_lengths(lengths, shape)
    if not isinstance(segmentation, list | tuple) or not segmentation:
        raise ValueError(f"Expected run lengths or polygons. Received: {segmentation!r}")
    mask = np.zeros(shape, bool)
    for polygon in segmentation:
        mask |= fill_polygon(polygon, shape)
    return mask
