"""Parquet files: Hugging Face's with encoded pictures, tables of pixels, tables of files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

import pandas as pd
from pyarrow import ArrowException, parquet

from atelier.data.file_tree import FileTree
from atelier.data.user_data.params import UserDataParams
from atelier.data.user_data.part_names import part_of
from atelier.data.user_data.records import Content, ImageRecords
from atelier.data.user_data.tables import (
    FILE_COLUMNS,
    LABEL_COLUMNS,
    LabelledTable,
    find_column,
    label_texts,
    split_columns,
    tables_records,
)
from atelier.storage.damage import DAMAGE

BATCH = 256
"""Rows with pictures that are read at a time."""


def read_parquet_files(
    tree: FileTree, names: Sequence[PurePosixPath], params: UserDataParams
) -> ImageRecords:
    """Reads parquet files; the order is that of the files by name, and of their rows.

    Args:
        tree: The folder or archive that holds them.
        names: Files; a part has one or more of them, such as ``train-00000-of-00002.parquet``.
        params: Names of columns.

    Returns:
        The records.

    Raises:
        ValueError: If a file is damaged, or has neither pictures nor pixels with labels.
    """
    tables = [table for name in names if (table := _read_table(tree, name, params)) is not None]
    if not tables:
        raise ValueError(
            f"{tree.path}: Expected a column {params.label_column}. Received: none in "
            f"{', '.join(map(str, names[:5]))}; name it by --params label_column=NAME"
        )
    if "picture" not in tables[0].frame:
        return tables_records(tables, tree)
    rows = [
        pd.DataFrame(
            {
                "part": table.part,
                "label": label_texts(table.frame["label"], table.where),
                "name": [f"{table.where}, row {row + 1}" for row in range(len(table.frame))],
            }
            | ({"group": table.frame["group"].astype(str)} if "group" in table.frame else {})
        )
        for table in tables
    ]
    root = PurePosixPath(tree.path)
    sources = [
        (PurePosixPath(table.where).relative_to(root), table.frame["picture"].iloc[0])
        for table in tables
    ]
    return ImageRecords(
        pd.concat(rows, ignore_index=True), _pictures(tree, sources), tables[0].classes
    )


def _read_table(
    tree: FileTree, name: PurePosixPath, params: UserDataParams
) -> LabelledTable | None:
    """Reads a file without its pictures; column ``picture`` names the column that has them."""
    where = str(PurePosixPath(tree.path) / name)
    with whole_parquet(where), tree.open(name) as stream:
        file = parquet.ParquetFile(stream)
        schema = file.schema_arrow
        label = find_column(schema.names, params.label_column, LABEL_COLUMNS)
        if label is None:
            return None
        picture = picture_column(schema)
        wanted = {label, params.group_column, params.file_column, "split", *FILE_COLUMNS}
        left_out = {picture, *_index_columns(schema)} - wanted
        columns = [column for column in schema.names if column not in left_out]
        table = file.read(columns=columns)
        table.validate(full=True)  # text that is not UTF-8 would fail where it is used
        frame = table.to_pandas(ignore_metadata=True)  # with the columns that are its index
    classes, part = huggingface_classes(schema.metadata, label), part_of(name.name) or "train"
    if picture is None:
        rows, pixels = split_columns(frame, label, params, where)
        return LabelledTable(rows, pixels, classes, part, where)
    if frame.empty:
        raise ValueError(f"{where}: Expected rows with pictures. Received: none")
    rows = pd.DataFrame({"label": frame[label], "picture": picture})
    if params.group_column in frame:
        rows["group"] = frame[params.group_column]
    return LabelledTable(rows, None, classes, part, where)


def _index_columns(schema: Any) -> list[str]:
    """Returns the columns that pandas stored as the index of the rows."""
    stored = (schema.pandas_metadata or {}).get("index_columns", [])
    return [column for column in stored if isinstance(column, str)]  # a range is no column


def picture_column(schema: Any) -> str | None:
    """Returns the column of structs with ``bytes``, or of bytes; None where there is none."""
    for field in schema:
        text = str(field.type)
        if text in {"binary", "large_binary"} or (text.startswith("struct<") and "bytes:" in text):
            return str(field.name)
    return None


def _pictures(
    tree: FileTree, sources: Sequence[tuple[PurePosixPath, str]]
) -> Iterator[tuple[int, Content]]:
    row = 0
    for name, column in sources:
        with tree.open(name) as stream:
            file, where = parquet.ParquetFile(stream), str(PurePosixPath(tree.path) / name)
            for batch in read_batches(file, where, BATCH, column):
                for value in batch:
                    content = value.get("bytes") if isinstance(value, dict) else value
                    yield row, content or ValueError("Expected a picture's bytes. Received: none")
                    row += 1


@contextmanager
def whole_parquet(where: str) -> Iterator[None]:
    """Turns the errors of reading a damaged parquet file into a ValueError that names it."""
    try:
        yield
    except (*DAMAGE, ArrowException) as error:
        raise ValueError(f"{where}: Expected a whole parquet file. Received: {error}") from error


def read_batches(file: parquet.ParquetFile, where: str, rows: int, column: str) -> Iterator[Any]:
    """Reads a column in parts.

    Args:
        file: The open file.
        where: Its name for messages.
        rows: Length of the lists; the last one may be shorter.
        column: The column's name.

    Yields:
        Its next values, as a list.

    Raises:
        ValueError: If the column is damaged.
    """
    with whole_parquet(where):
        for batch in file.iter_batches(rows, columns=[column]):
            yield batch.column(0).to_pylist()


def huggingface_classes(metadata: dict[bytes, bytes] | None, column: str) -> tuple[str, ...] | None:
    """Returns the names of the classes that Hugging Face's ``datasets`` writes into a file.

    Examples:
        >>> info = {"info": {"features": {"label": {"names": ["cat", "dog"]}}}}
        >>> huggingface_classes({b"huggingface": json.dumps(info).encode()}, "label")
        ('cat', 'dog')
    """
    text = (metadata or {}).get(b"huggingface")
    if text is None:
        return None
    feature = json.loads(text).get("info", {}).get("features", {}).get(column, {})
    names = feature.get("names") if isinstance(feature, dict) else None
    return tuple(map(str, names)) if names else None
