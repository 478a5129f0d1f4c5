"""Reads a user's labelled images, whatever holds them."""

from __future__ import annotations

import logging
from pathlib import Path, PurePosixPath
from typing import Any

from atelier.data.file_tree import (
    FileTree,
    Folder,
    is_archive,
    is_picture_name,
    open_tree,
)
from atelier.data.reading import Source
from atelier.data.user_data.assembly import LISTED, assemble
from atelier.data.user_data.class_folders import locate_files, read_class_folders
from atelier.data.user_data.csv_files import read_csv_table
from atelier.data.user_data.idx_files import find_idx_files, read_idx_files
from atelier.data.user_data.npz_files import read_npz_file
from atelier.data.user_data.params import UserDataParams
from atelier.data.user_data.parquet_files import read_parquet_files
from atelier.data.user_data.records import ImageRecords
from atelier.data.user_data.tables import tables_records

logger = logging.getLogger(__name__)

KINDS = (
    "a folder with a sub-folder of pictures for each class (or such below train, validation, "
    "test), the same as .zip or .tar.gz, IDX files, an .npz, .csv or .parquet file"
)


def read_user_data(params: UserDataParams) -> Source:
    """Reads labelled images of a user.

    Args:
        params: The path, and how images become arrays of one shape.

    Returns:
        The images by part, the names of the classes, and a record of what was read.

    Raises:
        FileNotFoundError: If there is nothing at the path.
        ValueError: If it holds no labelled images, if too many files are damaged, or if images
            differ in size and no side is given; the message names the file.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> folder = Path(tempfile.mkdtemp())
        >>> images = np.eye(8)[:, None, :].repeat(8, 1)
        >>> np.savez(folder / "dots.npz", images=images, labels=[0, 1] * 4)
        >>> params = UserDataParams(
        ...     data=str(folder / "dots.npz"), side=None, resize="pad", channels=None,
        ...     background="white", order="name", unreadable=0.01, label_column="label",
        ...     file_column="file", group_column="group",
        ... )
        >>> source = read_user_data(params)
        >>> source.name, source.classes, source.parts["train"].images.shape
        ('dots', ('0', '1'), (8, 8, 8, 1))
    """
    path = Path(params.data or "").expanduser()
    if not params.data or not path.exists():
        raise FileNotFoundError(f"Expected {KINDS} at data={params.data}. Received: nothing there")
    records = list_records(path, params)
    if records.table.empty:
        raise ValueError(f"{path}: Expected {KINDS}. Received: no pictures below a class's folder")
    return assemble(path, records, params)


def list_records(path: Path, params: UserDataParams) -> ImageRecords:
    """Returns the records of a source by what it holds.

    Args:
        path: A folder, an archive or a file.
        params: Names of columns.

    Raises:
        ValueError: If it holds no labelled images, or is damaged.
    """
    if path.is_dir() or is_archive(path):
        return _records_below(open_tree(path), params)
    tree, name = Folder(path.parent), PurePosixPath(path.name)
    idx = find_idx_files(tree, [name])
    if idx:
        siblings = find_idx_files(tree, [n for n in tree.names if len(n.parts) == 1])
        return read_idx_files(tree, [*idx, *(file for file in siblings if not file.has_images)])
    return _records_of_file(tree, name, params)


def _records_of_file(tree: Folder, name: PurePosixPath, params: UserDataParams) -> ImageRecords:
    ending = name.name.lower().removesuffix(".gz")
    if ending.endswith(".npz"):
        return read_npz_file(tree, name)
    if ending.endswith((".parquet", ".pq")):
        return read_parquet_files(tree, [name], params)
    if ending.endswith(".csv"):
        table = read_csv_table(tree, name, params)
        if table is None:
            raise ValueError(
                f"{tree.path / name}: Expected a column {params.label_column}. Received: none of "
                "that name; name it by --params label_column=NAME"
            )
        return tables_records([table], tree)
    raise ValueError(f"Expected {KINDS}. Received: {tree.path / name}, none of these")


def _records_below(tree: FileTree, params: UserDataParams) -> ImageRecords:
    """Returns the records of a folder or archive: class folders, or files of the other kinds."""
    pictures = [name for name in tree.names if is_picture_name(name)]
    data = [name for name in tree.names if not is_picture_name(name)]
    if _has_class_folders(pictures):
        return read_class_folders(tree)
    parquets = [name for name in data if name.suffix.lower() in {".parquet", ".pq"}]
    if parquets:
        return read_parquet_files(tree, parquets, params)
    if tables := _csv_tables(tree, data, params):
        return tables_records(tables, tree)
    archives = [name for name in data if name.suffix.lower() == ".npz"]
    if len(archives) == 1:
        return read_npz_file(tree, archives[0])
    idx = find_idx_files(tree, data)
    if any(file.has_images for file in idx):
        return read_idx_files(tree, idx)
    if pictures:  # a single class, which is an error that names it
        return read_class_folders(tree)
    received = ", ".join(str(name) for name in tree.names[:LISTED]) or "no files"
    raise ValueError(f"{tree.path}: Expected {KINDS}. Received: {received}")


def _has_class_folders(pictures: list[PurePosixPath]) -> bool:
    places = (location for location in locate_files(pictures).values() if location is not None)
    return len({label for _, label, _ in places}) > 1


def _csv_tables(tree: FileTree, names: list[PurePosixPath], params: UserDataParams) -> list[Any]:
    """Reads the CSV files that have labels; others, such as Kaggle's test.csv, are left out."""
    csv = [name for name in names if name.name.lower().endswith((".csv", ".csv.gz"))]
    tables = {name: read_csv_table(tree, name, params) for name in csv}
    unlabelled = [str(name) for name, table in tables.items() if table is None]
    if unlabelled:
        logger.info("%s: without labels and not used: %s", tree.path, ", ".join(unlabelled))
    return [table for table in tables.values() if table is not None]
