"""The arrays of npz files, after a check of what their headers state; never a pickle."""

from __future__ import annotations

import io
import math
import sys
import zipfile
from typing import Any, BinaryIO

import numpy as np

from atelier.data.file_tree import ARCHIVE_RATIO, FILE_LIMIT
from atelier.storage.damage import DAMAGE
from atelier.types import Array


def read_npz_arrays(stream: BinaryIO, where: str) -> dict[str, Array]:
    """Reads the arrays of an npz file by name.

    Args:
        stream: The open file.
        where: Its name for messages.

    Raises:
        ValueError: If the file is damaged, holds Python objects, a header states another size than
            its array has, or the arrays are many times larger than the file.

    Examples:
        >>> stream = io.BytesIO()
        >>> np.savez(stream, images=np.eye(2))
        >>> list(read_npz_arrays(stream, "a.npz"))
        ['images']
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            _check_total(archive.infolist(), stream.seek(0, io.SEEK_END))
            for member in archive.infolist():
                with archive.open(member) as file:
                    read_npz_header(file, member)
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as arrays:
            return {name: _checked_text(name, arrays[name]) for name in arrays.files}
    except DAMAGE as error:
        raise ValueError(
            f"{where}: Expected a whole npz file without pickles. Received: {error}"
        ) from error


def _check_total(members: list[zipfile.ZipInfo], stored: int) -> None:
    """Raises a ValueError if members are together far larger than the file of ``stored`` bytes."""
    total, limit = sum(member.file_size for member in members), ARCHIVE_RATIO * stored
    if total > max(FILE_LIMIT, limit):
        raise ValueError(f"{total:,} bytes of arrays in a file of {stored:,}")


def _checked_text(name: str, array: Array) -> Array:
    """Returns an array whose texts, if it has some, are of Unicode's characters."""
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        codes = np.frombuffer(array.tobytes(), array.dtype.str[0] + "u4")
        if codes.max() > sys.maxunicode:
            raise ValueError(f"{name} has texts of characters that do not exist")
    return array


def read_npz_header(file: Any, member: zipfile.ZipInfo) -> tuple[tuple[int, ...], bool, Any]:
    """Returns shape, column order and type of the array in an npz file's member, before its values.

    Args:
        file: The open member.
        member: Its entry in the archive.

    Raises:
        ValueError: If it holds Python objects, or has fewer values than it states.
    """
    version = np.lib.format.read_magic(file)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    shape, by_columns, dtype = readers.get(version, np.lib.format.read_array_header_2_0)(file)
    if dtype.hasobject:
        raise ValueError(f"{member.filename} holds Python objects")
    size = math.prod(shape) * dtype.itemsize
    if size > member.file_size:
        raise ValueError(f"{member.filename} states {shape} {dtype}, but has fewer bytes")
    return shape, by_columns, dtype
