"""npz files: ``images``, ``labels``, ``test_images`` …, or ``x_train``, ``y_train`` … as Keras'."""

from __future__ import annotations

import io
import itertools
import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from atelier.data.file_tree import FileTree
from atelier.data.reading import class_column
from atelier.data.user_data.part_names import PART_NAMES
from atelier.data.user_data.records import Content, ImageRecords, records_table
from atelier.data.user_data.tables import label_texts
from atelier.types import Array

KINDS = {
    "images": "images", "image": "images", "x": "images", "data": "images",
    "labels": "labels", "label": "labels", "y": "labels", "target": "labels", "targets": "labels",
    "groups": "groups", "group": "groups",
}  # fmt: skip
CLASSES = ("classes", "class_names")


def array_role(name: str) -> tuple[str, str] | None:
    """Returns the part and the kind that an array's name stands for, or None.

    Examples:
        >>> array_role("x_test"), array_role("val_labels"), array_role("images")
        (('test', 'images'), ('validation', 'labels'), ('train', 'images'))
    """
    words = [word for word in re.split(r"[^a-z]+", name.lower()) if word]
    kinds = [KINDS[word] for word in words if word in KINDS]
    parts = [PART_NAMES[word] for word in words if word in PART_NAMES]
    if len(kinds) != 1 or len(parts) > 1 or len(words) > 2 or len(kinds) + len(parts) < len(words):
        return None
    return (parts or ["train"])[0], kinds[0]


def read_npz_arrays(stream: BinaryIO, where: str) -> dict[str, Array]:
    """Reads the arrays of an npz file, after a check of what their headers state.

    Raises:
        ValueError: If the file is damaged, holds Python objects, or a header states another size
            than its array has.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                with archive.open(member) as file:
                    read_npz_header(file, member)
        stream.seek(0)
        with np.load(io.BytesIO(stream.read()), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
        raise ValueError(
            f"{where}: Expected a whole npz file without pickles. Received: {error}"
        ) from error


def read_npz_header(file: Any, member: zipfile.ZipInfo) -> tuple[tuple[int, ...], bool, Any]:
    """Returns shape, column order and type of the array in an npz file's member, before its values.

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


def read_npz_file(tree: FileTree, name: Any) -> ImageRecords:
    """Reads the images and labels of an npz file; the order is that of the arrays.

    Args:
        tree: The folder or archive that holds it.
        name: Its name there.

    Returns:
        The records.

    Raises:
        ValueError: If images or labels are missing, or their numbers differ.
    """
    where = str(tree.path / name)
    with tree.open(name) as stream:
        arrays = read_npz_arrays(stream, where)
    roles: dict[str, dict[str, Array]] = {}
    for array_name, array in arrays.items():
        role = array_role(array_name)
        if role is not None and array.ndim:
            roles.setdefault(role[0], {})[role[1]] = array
    if not roles or any(not {"images", "labels"} <= set(part) for part in roles.values()):
        raise ValueError(
            f"{where}: Expected arrays images and labels, and of further parts test_images and "
            "test_labels, or Keras' x_train, y_train, x_test, y_test. "
            f"Received: {', '.join(arrays) or 'no arrays'}"
        )
    tables = [_table(part, roles[part], f"{where}, {part}") for part in roles]
    names = [arrays[key] for key in CLASSES if key in arrays]
    classes = tuple(str(text) for text in names[0].tolist()) if names else None
    return ImageRecords(pd.concat(tables, ignore_index=True), _contents(roles), classes)


def _table(part: str, arrays: Mapping[str, Array], where: str) -> pd.DataFrame:
    labels, images = arrays["labels"], arrays["images"]
    if labels.dtype.kind in "iu":
        labels = class_column(labels, where)
    if len(labels) != len(images):
        raise ValueError(
            f"{where}: Expected one label per image. Received: {len(images):,} images, "
            f"{len(labels):,} labels"
        )
    names = [f"{part}[{row}]" for row in range(len(labels))]
    table = records_table(part, names, label_texts(pd.Series(labels), where))
    if "groups" in arrays:
        table["group"] = arrays["groups"].astype(str)
    return table


def _contents(roles: Mapping[str, Mapping[str, Array]]) -> Iterator[tuple[int, Content]]:
    yield from enumerate(itertools.chain.from_iterable(part["images"] for part in roles.values()))
