"""Tables with a column of labels: of pixels, of file names, or of encoded pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import pandas as pd

from atelier.data.file_tree import FileTree
from atelier.data.user_data.named_files import read_named_files
from atelier.data.user_data.params import UserDataParams
from atelier.data.user_data.part_names import PART_NAMES
from atelier.data.user_data.records import Content, ImageRecords
from atelier.types import Array

LABEL_COLUMNS = ("label", "labels", "class", "target", "category", "fine_label", "y")
FILE_COLUMNS = (
    "file",
    "file_name",
    "filename",
    "path",
    "image",
    "image_path",
    "image_id",
    "id_code",
)
LEAST_PIXELS = 16
"""Columns of numbers that make a table of pixels."""


class LabelledTable(NamedTuple):
    """A table, its pictures apart: they are pixels, files, or encoded in the table."""

    frame: pd.DataFrame
    """Without the pixels: ``label``, and ``group``, ``split`` and ``file`` where they are there."""
    pixels: Array | None
    """(n, pixels), of a table of pixels."""
    classes: tuple[str, ...] | None = None
    part: str = "train"
    where: str = ""


def label_texts(labels: pd.Series, where: str) -> list[str]:
    """Returns labels as texts: whole numbers without a point, names as they are.

    Raises:
        ValueError: If labels are missing or are fractions.

    Examples:
        >>> label_texts(pd.Series([3.0, 1.0]), "table.csv"), label_texts(pd.Series(["cat"]), "")
        (['3', '1'], ['cat'])
    """
    missing = np.flatnonzero(labels.isna())
    if len(missing):
        raise ValueError(
            f"{where}: Expected a label in each row. Received: none in {len(missing):,} rows, the "
            f"first of them row {missing[0] + 1}"
        )
    if labels.dtype.kind == "f":
        fractions = np.flatnonzero(labels.to_numpy() % 1 != 0)
        if len(fractions):
            raise ValueError(
                f"{where}: Expected whole numbers or names as labels. Received: "
                f"{labels.iloc[fractions[0]]} in row {fractions[0] + 1}"
            )
        labels = labels.astype(np.int64)
    return [str(label).strip() for label in labels.tolist()]


def find_column(columns: Sequence[str], wanted: str, candidates: Sequence[str]) -> str | None:
    """Returns the column of a name, else the first that is called as one of the candidates.

    Args:
        columns: Of the table.
        wanted: Name that the user gave.
        candidates: Usual names, in lower case.

    Returns:
        The column's name; None where there is none.
    """
    if wanted in columns:
        return wanted
    lower = {column.lower(): column for column in reversed(columns)}
    return next((lower[name] for name in candidates if name in lower), None)


def split_columns(
    table: pd.DataFrame, label: str, params: UserDataParams, where: str
) -> tuple[pd.DataFrame, Array | None]:
    """Separates the pixels of a table from its other columns.

    Args:
        table: Some rows.
        label: Column of the labels.
        params: Names of columns.
        where: The file for messages.

    Returns:
        ``label`` with ``group``, ``split`` and ``file`` where they are there; and the pixels,
        (n, columns), None where there are files.

    Raises:
        ValueError: If there are neither files nor pixels, a pixel is missing, or two columns have
            the same name.
    """
    if not table.columns.is_unique:
        repeated = table.columns[table.columns.duplicated()][0]
        raise ValueError(f"{where}: Expected columns of different names. Received: two {repeated}")
    frame = pd.DataFrame({"label": table[label]})
    group = find_column(list(table.columns), params.group_column, ())
    named = {"group": group, "split": "split" if "split" in table.columns else None}
    for name, column in named.items():
        if column is not None and column != label:
            frame[name] = table[column].astype(str)
    data_columns = table.drop(columns=[label, *(column for column in named.values() if column)])
    file = find_column(list(data_columns.columns), params.file_column, FILE_COLUMNS)
    if file is not None and data_columns[file].dtype.kind not in "iuf":
        frame["file"] = data_columns[file].astype(str)
        return frame, None
    return frame, pixel_values(data_columns, where)


def pixel_values(table: pd.DataFrame, where: str) -> Array:
    """Returns the pixels of a table of square images, (n, columns).

    Raises:
        ValueError: If a column has no numbers, a number is missing, or no square has so many.
    """
    texts = [str(column) for column in table.columns if table[column].dtype.kind not in "iufb"]
    if texts or len(table.columns) < LEAST_PIXELS:
        raise ValueError(
            f"{where}: Expected a column of file names ({', '.join(FILE_COLUMNS[:4])} …) or "
            "columns of pixels beside the label. "
            f"Received: {', '.join(map(str, table.columns[:6]))}"
            + (f"; no numbers in {', '.join(texts[:3])}" if texts else "")
        )
    image_shape(len(table.columns), where)
    values = table.to_numpy()
    if values.dtype.kind == "f" and np.isnan(values).any():
        row, column = np.argwhere(np.isnan(values))[0]
        raise ValueError(
            f"{where}: Expected a number in each column. Received: none in row "
            f"{table.index[row] + 1}, column {table.columns[column]}; rows have unequal numbers of "
            "columns, or values are missing"
        )
    is_byte = values.dtype.kind in "iu" and values.min() >= 0 and values.max() <= 255
    return values.astype(np.uint8) if is_byte else values


def image_shape(pixels: int, where: str) -> tuple[int, ...]:
    """Returns the shape of a square image of so many values, row by row, grey or RGB.

    Raises:
        ValueError: If neither the number nor a third of it is a square.

    Examples:
        >>> image_shape(784, "a.csv"), image_shape(3072, "a.csv")
        ((28, 28), (32, 32, 3))
    """
    for channels in ((), (3,)):
        count = pixels // math.prod(channels)
        side = math.isqrt(count)
        if side * side * math.prod(channels) == pixels:
            return (side, side, *channels)
    raise ValueError(
        f"{where}: Expected columns of a square image, such as 784 of 28×28 or 3,072 of 32×32×3, "
        f"beside the label. Received: {pixels:,}"
    )


def tables_records(tables: Sequence[LabelledTable], tree: FileTree) -> ImageRecords:
    """Returns the records of tables of pixels or of files; the order is that of the rows.

    Args:
        tables: With labels; several are different parts, or pieces of one part.
        tree: The folder or archive in which the files of a table lie.

    Raises:
        ValueError: If a value in a column ``split`` is no part.
    """
    frames = [_part_frame(table) for table in tables]
    merged = pd.concat(frames, ignore_index=True)
    return ImageRecords(merged, _contents(tables, tree), tables[0].classes)


def _part_frame(table: LabelledTable) -> pd.DataFrame:
    frame = table.frame
    record = pd.DataFrame({"part": table.part, "label": label_texts(frame["label"], table.where)})
    rows = [f"{table.where}, row {row + 1}" for row in range(len(frame))]
    record["name"] = frame["file"].to_numpy() if "file" in frame else rows
    if "group" in frame:
        record["group"] = frame["group"].to_numpy()
    if "split" in frame:
        parts = frame["split"].str.lower().map(PART_NAMES)
        if parts.isna().any():
            raise ValueError(
                f"{table.where}: Expected train, validation, calibration or test in the column "
                f"split. Received: {frame.loc[parts.isna(), 'split'].iloc[0]!r}"
            )
        record["part"] = parts.to_numpy()
    return record


def _contents(tables: Sequence[LabelledTable], tree: FileTree) -> Iterator[tuple[int, Content]]:
    start = 0
    for table in tables:
        if table.pixels is not None:
            shape = image_shape(table.pixels.shape[1], table.where)
            yield from enumerate(table.pixels.reshape(-1, *shape), start)
        else:
            folder = PurePosixPath(table.where).relative_to(PurePosixPath(tree.path)).parent
            files = [str(name) for name in table.frame["file"]]
            yield from read_named_files(tree, folder, files, start)
        start += len(table.frame)
