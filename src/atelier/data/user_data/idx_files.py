"""IDX files of any names: images and labels are paired by their counts and by their names."""

from __future__ import annotations

import gzip
import itertools
import math
import zlib
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

import numpy as np
import pandas as pd

from atelier.data.file_tree import FileTree
from atelier.data.idx import TYPES, parse_idx
from atelier.data.reading import class_column
from atelier.data.user_data.part_names import part_of
from atelier.data.user_data.records import Content, ImageRecords, records_table
from atelier.types import Array

MOST_CANDIDATES = 64
"""Files whose first bytes are read at most to find IDX files."""
PIECE = 1 << 20
"""Bytes that are read at once."""
OTHER_ENDINGS = {".csv", ".parquet", ".npz", ".npy", ".txt", ".md", ".json", ".zip", ".h5"}


class IdxFile(NamedTuple):
    """An IDX file by its header."""

    name: PurePosixPath
    shape: tuple[int, ...]
    size: int
    """Bytes of the whole file, unpacked."""

    @property
    def has_images(self) -> bool:
        """Whether it holds images, else labels."""
        return len(self.shape) > 2


def find_idx_files(tree: FileTree, names: Sequence[PurePosixPath]) -> list[IdxFile]:
    """Returns those files that begin as IDX files do."""
    candidates = [name for name in names if name.suffix.lower() not in OTHER_ENDINGS]
    headers = (read_idx_header(tree, name) for name in candidates[:MOST_CANDIDATES])
    return [header for header in headers if header is not None]


def read_idx_header(tree: FileTree, name: PurePosixPath) -> IdxFile | None:
    """Returns the shape that the header of a file states; None of another file."""
    with tree.open(name) as stream:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        try:
            opened = gzip.GzipFile(fileobj=stream) if packed else stream
            start = opened.read(4)
            if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or not start[3]:
                return None
            sizes = np.frombuffer(opened.read(4 * start[3]), ">u4")
        except (EOFError, OSError, zlib.error, ValueError):
            return None
    shape = tuple(int(size) for size in sizes)
    size = 4 + 4 * start[3] + math.prod(shape) * TYPES[start[2]].itemsize
    return IdxFile(name, shape, size) if len(shape) == start[3] else None


def read_values(tree: FileTree, file: IdxFile) -> Array:
    """Reads a file, and no more bytes than its header states.

    Raises:
        ValueError: If it is truncated, damaged or too long.
    """
    with tree.open(file.name) as stream:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        try:
            opened = gzip.GzipFile(fileobj=stream) if packed else stream
            return parse_idx(_read_at_most(opened, file.size + 1))
        except (EOFError, OSError, zlib.error, ValueError) as error:
            raise ValueError(f"{tree.path / file.name}: {error}") from error


def _read_at_most(stream: BinaryIO | gzip.GzipFile, size: int) -> bytes:
    """Reads in pieces: what a damaged header states may be more than memory holds."""
    pieces: list[bytes] = []
    while piece := stream.read(min(PIECE, size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def pair_files(files: Sequence[IdxFile], where: Path) -> list[tuple[IdxFile, IdxFile]]:
    """Pairs images with labels of as many values; of several, with the most similar name.

    Raises:
        ValueError: If there are no images, or they have no labels, or those of another file.
    """
    if not any(file.has_images for file in files):
        shapes = ", ".join(f"{file.name} of {file.shape}" for file in files)
        raise ValueError(
            f"{where}: Expected an IDX file of images, of three dimensions or more. "
            f"Received: {shapes or 'no IDX file'}"
        )
    pairs: list[tuple[IdxFile, IdxFile]] = []
    for images in (file for file in files if file.has_images):
        fitting = [f for f in files if not f.has_images and f.shape[0] == images.shape[0]]
        if not fitting:
            counts = [f"{f.name} of {f.shape[0]:,}" for f in files if not f.has_images]
            raise ValueError(
                f"{where}: Expected {images.shape[0]:,} labels for {images.name}. "
                f"Received: {', '.join(counts) or 'no IDX file of labels'}"
            )
        pairs.append((images, max(fitting, key=lambda file: _similarity(images, file))))
    taken = [labels.name for _, labels in pairs]
    if len(set(taken)) < len(taken):
        raise ValueError(
            f"{where}: Expected labels of their own for each file of images, by similar names. "
            f"Received: {', '.join(f'{i.name} with {x.name}' for i, x in pairs)}"
        )
    return pairs


def _similarity(images: IdxFile, labels: IdxFile) -> float:
    return SequenceMatcher(None, str(images.name), str(labels.name)).ratio()


def read_idx_files(tree: FileTree, files: Sequence[IdxFile]) -> ImageRecords:
    """Reads pairs of IDX files; the order is that of the files.

    Args:
        tree: A folder or an archive.
        files: Its IDX files.

    Returns:
        The records.

    Raises:
        ValueError: If files do not pair, are damaged, or two pairs are of the same part.
    """
    pairs = pair_files(files, tree.path)
    parts = {} if len(pairs) > 1 else {"train": pairs[0]} if pairs else {}
    for images, labels in pairs if len(pairs) > 1 else ():
        part = part_of(str(images.name))
        if part is None or part in parts:
            raise ValueError(
                f"{tree.path}: Expected one file of images, or names with train, validation, "
                f"calibration or test (t10k), once each. Received: "
                f"{', '.join(str(images.name) for images, _ in pairs)}"
            )
        parts[part] = (images, labels)
    tables = []
    for part, (_, labels) in parts.items():
        values = class_column(read_values(tree, labels), str(labels.name))
        names = [f"{parts[part][0].name}[{row}]" for row in range(len(values))]
        tables.append(records_table(part, names, [str(value) for value in values.tolist()]))
    table = pd.concat(tables, ignore_index=True)
    return ImageRecords(table, _contents(tree, [images for images, _ in parts.values()]))


def _contents(tree: FileTree, files: Sequence[IdxFile]) -> Iterator[tuple[int, Content]]:
    images = (read_values(tree, file) for file in files)
    yield from enumerate(itertools.chain.from_iterable(images))
