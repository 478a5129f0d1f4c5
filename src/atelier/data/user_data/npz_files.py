"""npz files: ``images``, ``labels``, ``test_images`` …, or ``x_train``, ``y_train`` … as Keras'."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from atelier.data.file_tree import FileTree
from atelier.data.npz_arrays import read_npz_arrays
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
