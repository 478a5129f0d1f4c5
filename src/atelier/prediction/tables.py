"""Tables of pictures: encoded, as pixels, or as names of files; read some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from pyarrow import parquet

from atelier.data.user_data.csv_files import check_width, is_number
from atelier.data.user_data.parquet_files import picture_column, read_batches, whole_parquet
from atelier.data.user_data.records import Content
from atelier.data.user_data.tables import (
    FILE_COLUMNS,
    LABEL_COLUMNS,
    find_column,
    image_shape,
    pixel_values,
)

ROWS = 1024
"""Rows that are read at a time."""
NO_PIXELS = ("split", "group")
Entry = tuple[str, Content]
ReadFile = Callable[[Path], Content]


def count_rows(path: Path) -> int:
    """Returns the number of rows of a parquet file.

    Raises:
        ValueError: If it is damaged.
    """
    return int(_open(path).metadata.num_rows)


def _open(path: Path) -> Any:
    with whole_parquet(str(path)):
        return parquet.ParquetFile(path)


def read_parquet(path: Path, read_file: ReadFile) -> Iterator[Entry]:
    """Yields the pictures of a parquet file: of a column of bytes, of files, or of pixels.

    Args:
        path: The table.
        read_file: Returns the content of a file that it names.

    Yields:
        Name and content of each row.

    Raises:
        ValueError: If it is damaged, or has no pictures.
    """
    file = _open(path)
    column = picture_column(file.schema_arrow)
    row = 0
    if column:
        for values in read_batches(file, str(path), ROWS, column):
            yield from (_encoded(value, row + i) for i, value in enumerate(values))
            row += len(values)
        return
    for frame in _frames(file, path):
        yield from _frame_entries(frame, row, path, read_file)
        row += len(frame)


def _frames(file: Any, path: Path) -> Iterator[pd.DataFrame]:
    with whole_parquet(str(path)):
        for batch in file.iter_batches(ROWS):
            batch.validate(full=True)
            yield batch.to_pandas()


def _encoded(value: Any, row: int) -> Entry:
    """Returns a row of Hugging Face's struct of ``bytes`` and ``path``, or of plain bytes."""
    is_struct = isinstance(value, dict)
    content = value.get("bytes") if is_struct else value
    name = (value.get("path") if is_struct else None) or f"row {row + 1}"
    return name, content or ValueError("Expected a picture's bytes. Received: none")


def read_csv(path: Path, read_file: ReadFile) -> Iterator[Entry]:
    """Yields the pictures of a CSV file: of a column of files, or of pixels row by row.

    Without a header, the columns are pixels; one more than a square image has is the label.

    Args:
        path: The table.
        read_file: Returns the content of a file that it names.

    Yields:
        Name and content of each row.

    Raises:
        ValueError: If rows have unequal numbers of columns, or there are no pictures.
    """
    row = 0
    try:
        head = pd.read_csv(path, nrows=1)
        plain = all(is_number(name) for name in head.columns)
        header: Any = {"header": None} if plain else {}
        with pd.read_csv(path, chunksize=ROWS, low_memory=False, **header) as frames:
            for frame in frames:
                check_width(frame, str(path))
                data = _without_first(frame, str(path)) if plain else frame
                yield from _frame_entries(data, row, path, read_file)
                row += len(frame)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path}: Expected a CSV table with as many columns in each row. Received: {error}"
        ) from error


def _without_first(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Returns the pixels of a table without header, whose first column may be a label."""
    try:
        image_shape(len(frame.columns), where)
    except ValueError:
        return frame.iloc[:, 1:]
    return frame


def _frame_entries(
    frame: pd.DataFrame, row: int, path: Path, read_file: ReadFile
) -> Iterator[Entry]:
    """Yields the rows of a frame, the first of which is row ``row`` of the table."""
    columns = [str(name) for name in frame.columns]
    frame = frame.set_axis(columns, axis=1)
    file = find_column(columns, "file", FILE_COLUMNS)
    if file is not None and frame[file].dtype.kind not in "iuf":
        yield from ((str(f), read_file(path.parent / str(f))) for f in frame[file])
        return
    label = find_column(columns, "label", LABEL_COLUMNS)
    others = frame.drop(columns=[c for c in columns if c == label or c in NO_PIXELS])
    pixels = pixel_values(others, str(path))
    shape = image_shape(pixels.shape[1], str(path))
    images = pixels.reshape(-1, *shape)
    yield from ((f"row {row + i + 1}", image) for i, image in enumerate(images))
