"""CSV files with a column of labels, read in pieces."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from atelier.data.file_tree import FileTree
from atelier.data.user_data.params import UserDataParams
from atelier.data.user_data.part_names import part_of
from atelier.data.user_data.tables import (
    LABEL_COLUMNS,
    LabelledTable,
    find_column,
    split_columns,
)

CHUNK = 4096
"""Rows that are parsed at a time."""


def read_csv_table(
    tree: FileTree, name: PurePosixPath, params: UserDataParams
) -> LabelledTable | None:
    """Reads a CSV file, plain or gzip; None where it has no labels.

    Without a header, the first column is the label and the others are pixels.

    Args:
        tree: The folder or archive that holds it.
        name: Its name there.
        params: Names of columns.

    Returns:
        The table; None where it has no labels.

    Raises:
        ValueError: If rows have unequal numbers of columns, or the pixels are no image.
    """
    where = str(tree.path / name)
    options: dict[str, Any] = {
        "compression": "gzip" if name.suffix == ".gz" else None,
        "skipinitialspace": True,
    }
    try:
        with tree.open(name) as stream:
            head = pd.read_csv(stream, nrows=8, **options)
        if all(is_number(column) for column in head.columns):
            options |= {"header": None}
            head.columns = pd.Index(range(len(head.columns)))
        with tree.open(name) as stream:
            return _read_chunks(stream, [str(c) for c in head.columns], options, params, where)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise ValueError(
            f"{where}: Expected a CSV table with as many columns in each row. Received: {error}"
        ) from error


def _read_chunks(
    stream: BinaryIO,
    columns: list[str],
    options: dict[str, Any],
    params: UserDataParams,
    where: str,
) -> LabelledTable | None:
    label = "0" if "header" in options else find_column(columns, params.label_column, LABEL_COLUMNS)
    if label is None:
        return None
    frames, pixels = [], []
    for chunk in pd.read_csv(stream, chunksize=CHUNK, low_memory=False, **options):
        check_width(chunk, where)
        chunk.columns = pd.Index(columns)
        frame, values = split_columns(chunk, label, params, where)
        frames.append(frame)
        pixels += [] if values is None else [values]
    if not frames:
        raise ValueError(f"{where}: Expected rows. Received: a header only")
    frame = pd.concat(frames, ignore_index=True)
    return LabelledTable(
        frame,
        np.concatenate(pixels) if pixels else None,
        None,
        part_of(PurePosixPath(where).name) or "train",
        where,
    )


def check_width(table: pd.DataFrame, where: str) -> None:
    """Checks that the rows of a CSV table are no longer than its header.

    pandas takes the first values of longer rows as their names, which shifts all columns.

    Args:
        table: Rows as ``pandas.read_csv`` returns them.
        where: The file for messages.

    Raises:
        ValueError: If rows have more values than the header has names.
    """
    has_row_names = not isinstance(table.index, pd.RangeIndex)
    if has_row_names:
        raise ValueError(
            f"{where}: Expected {len(table.columns)} values in each row, as the header has names. "
            f"Received: {len(table.columns) + table.index.nlevels}; a comma at the end of a row "
            "begins one more value"
        )


def is_number(text: object) -> bool:
    """Tells whether a text is a number."""
    try:
        float(str(text))
    except ValueError:
        return False
    return True
