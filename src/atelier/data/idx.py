"""The IDX format, in which MNIST and its relatives are published (LeCun, Cortes & Burges 1998)."""

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from atelier.types import Array

TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}


def parse_idx(data: bytes) -> Array:
    """Parses the bytes of an IDX file (LeCun, Cortes & Burges 1998).

    Layout: two zero bytes, a type code, the number of dimensions, each dimension as a big-endian
    32-bit integer, then the values, last dimension fastest. No memory is allocated before the
    size in the header is compared with the number of bytes.

    Args:
        data: The whole file, not compressed.

    Returns:
        A new array of the shape and type of the header, in native byte order.

    Raises:
        ValueError: If the magic number, the type or the number of dimensions is invalid, or if
            there are too few or too many bytes, or more than an array can have.

    Examples:
        >>> from atelier.data import parse_idx
        >>> header = bytes([0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3])  # unsigned bytes, 2 x 3
        >>> parse_idx(header + bytes([1, 2, 3, 4, 5, 6]))
        array([[1, 2, 3],
               [4, 5, 6]], dtype=uint8)
    """
    if len(data) < 4:
        raise ValueError(f"Expected an IDX header of 4 bytes or more. Received: {len(data)} bytes")
    if data[:2] != b"\0\0":
        raise ValueError(f"Expected an IDX file to begin with 00 00. Received: {data[:2].hex(' ')}")
    code, dimensions = data[2], data[3]
    if code not in TYPES:
        codes = ", ".join(f"{valid:#04x}" for valid in TYPES)
        raise ValueError(f"Expected an IDX type among {codes}. Received: {code:#04x}")
    if dimensions == 0:
        raise ValueError("Expected 1 to 255 dimensions in the IDX header. Received: 0")
    start = 4 + 4 * dimensions
    if len(data) < start:
        raise ValueError(
            f"Expected {start} bytes of IDX header for {dimensions} dimensions. "
            f"Received: {len(data)} bytes"
        )
    shape = tuple(int(size) for size in np.frombuffer(data, ">u4", dimensions, offset=4))
    size = start + math.prod(shape) * TYPES[code].itemsize
    if len(data) != size:
        kind = "truncated" if len(data) < size else "followed by trailing bytes"
        raise ValueError(
            f"Expected {size:,} bytes for shape {shape} of {TYPES[code].name}. "
            f"Received: {len(data):,} bytes, so the IDX data is {kind}"
        )
    try:
        values = np.frombuffer(data, TYPES[code], offset=start).reshape(shape)
    except ValueError as error:  # no value at all, but other sizes beyond those of any array
        raise ValueError(f"Expected the shape of an array. Received: {error}") from error
    native: Array = values.astype(TYPES[code].newbyteorder("="))
    return native


def decompress(data: bytes) -> bytes:
    """Decompresses bytes that are gzip, and returns others unchanged.

    Raises:
        ValueError: If the gzip stream is truncated or damaged.
    """
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(
            f"Expected a whole gzip stream. Received: {len(data):,} bytes, {error}"
        ) from error


def read_idx(path: Path) -> Array:
    """Reads an IDX file, plain or gzip.

    Raises:
        ValueError: As :func:`parse_idx`; the message begins with the path.
    """
    try:
        return parse_idx(decompress(path.read_bytes()))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
