"""The images of an npz file, row by row: the arrays are never whole in memory."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from atelier.data.npz_arrays import read_npz_header
from atelier.data.user_data.npz_files import array_role
from atelier.storage.damage import DAMAGE
from atelier.types import Array


def count_arrays(path: Path) -> int:
    """Returns the number of images in an npz file.

    Raises:
        ValueError: If it is damaged, or has no images.
    """
    with _opened(path) as archive:
        return sum(_header(archive, member)[0][0] for member in _members(archive))


def read_arrays(path: Path) -> Iterator[tuple[str, Array]]:
    """Yields the images of an npz file, each with the name of its array and its row.

    Raises:
        ValueError: If it is damaged, or has no images.
    """
    with _opened(path) as archive:
        for member in _members(archive):
            name = member.filename.removesuffix(".npy")
            for row, image in enumerate(_rows(archive, member)):
                yield f"{name}[{row}]", image


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except DAMAGE as error:
        raise ValueError(f"{path}: Expected a whole npz file with images. {error}") from error


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Returns the arrays that are called as images are; a single array may have any name."""
    members = archive.infolist()
    roles = {item.filename: array_role(item.filename.removesuffix(".npy")) for item in members}
    images = [m for m in members if (roles[m.filename] or ("", ""))[1] == "images"]
    images = images or (members if len(members) == 1 else [])
    if not images:
        received = ", ".join(item.filename.removesuffix(".npy") for item in members)
        raise ValueError(f"Expected an array images. Received: {received or 'no arrays'}")
    return images


def _header(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    with archive.open(member) as file:
        shape, by_columns, dtype = read_npz_header(file, member)
    if len(shape) not in {3, 4}:
        raise ValueError(
            f"Expected images of (n, height, width) or (n, height, width, channels). Received: "
            f"{member.filename.removesuffix('.npy')} of {shape}"
        )
    return shape, by_columns, dtype


def _rows(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[Array]:
    shape, by_columns, dtype = _header(archive, member)
    with archive.open(member) as file:
        if by_columns:  # in memory as a whole: a row lies scattered over the file
            yield from np.lib.format.read_array(file, allow_pickle=False)
            return
        read_npz_header(file, member)
        size = prod(shape[1:]) * dtype.itemsize
        for _ in range(shape[0]):
            yield np.frombuffer(file.read(size), dtype).reshape(shape[1:])
