"""Reads a user's labelled images, whatever holds them."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from atelier.data.checks import image_digests
from atelier.data.file_tree import (
    FileTree,
    Folder,
    is_archive,
    is_picture_name,
    open_tree,
)
from atelier.data.reading import Part, Source
from atelier.data.user_data.class_folders import locate_files, read_class_folders
from atelier.data.user_data.idx_files import find_idx_files, read_idx_files
from atelier.data.user_data.image_stack import ImageStack
from atelier.data.user_data.npz_files import read_npz_file
from atelier.data.user_data.params import UserDataParams
from atelier.data.user_data.parquet_files import read_parquet_files
from atelier.data.user_data.part_names import sorted_classes
from atelier.data.user_data.records import ImageRecords
from atelier.data.user_data.tables import read_csv_table, tables_records
from atelier.types import Array, Images

logger = logging.getLogger(__name__)

LISTED = 5
"""Names of files in a message."""
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
    return assemble(path, list_records(path, params), params)


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


def assemble(path: Path, records: ImageRecords, params: UserDataParams) -> Source:
    """Decodes the pictures of records into the parts of a source.

    Args:
        path: The source, for messages.
        records: What it lists.
        params: How images become arrays of one shape.

    Returns:
        The parts, with a record of what was read.

    Raises:
        ValueError: If there are none, or too many that cannot be read.
    """
    table = records.table
    if table.empty:
        raise ValueError(f"{path}: Expected {KINDS}. Received: no pictures below a class's folder")
    stack, names = ImageStack(len(table), params), table["name"].tolist()
    for row, content in records.contents:
        stack.put(row, content, names[row])
    _check_errors(path, stack.errors, names, params.unreadable)
    images, rows = stack.finish()
    _check_range(path, images)
    table = table.iloc[rows].reset_index(drop=True)
    classes, labels = _numbered(path, table["label"], records.classes)
    digests = image_digests(images)
    parts = {
        part: _part(images, labels, table, positions)
        for part, positions in _positions(table, labels, digests, params).items()
    }
    unreadable = {names[row]: stack.errors[row] for row in sorted(stack.errors)}
    _warn(path, unreadable, records.skipped)
    record = {
        "source": "data",
        "content_digest": content_digest(digests, table["part"], labels),
        "class_counts": {
            part: dict(zip(classes, _counts(value, len(classes)), strict=True))
            for part, value in parts.items()
        },
        "unreadable": unreadable,
        "skipped": list(records.skipped),
        "duplicates": duplicates_record(digests, table, labels),
        "shared_groups": _shared_groups(table),
        "images": params.model_dump(exclude={"data"}),
    }
    return Source(path.name.split(".")[0], parts, classes, f"read from {path.name}", record)


def _part(images: Images, labels: Array, table: pd.DataFrame, positions: Array) -> Part:
    groups = table["group"].to_numpy()[positions] if "group" in table else None
    in_order = len(positions) == len(images) and bool((np.diff(positions) == 1).all())
    return Part(images if in_order else images[positions], labels[positions], groups)


def _counts(part: Part, classes: int) -> list[int]:
    return np.bincount(part.labels, minlength=classes).tolist()  # type: ignore[no-any-return]


def _positions(
    table: pd.DataFrame, labels: Array, digests: list[bytes], params: UserDataParams
) -> dict[str, Array]:
    """Returns the positions of every part's images, in the order that is asked for."""
    positions = {}
    for part in table["part"].unique():
        rows = np.flatnonzero(table["part"] == part)
        if params.order == "content":
            rows = np.array(sorted(rows, key=lambda row: (digests[row], labels[row])))
        positions[str(part)] = rows
    return positions


def _numbered(
    path: Path, labels: pd.Series, names: tuple[str, ...] | None
) -> tuple[tuple[str, ...], Array]:
    """Returns the names of the classes, and the labels as their numbers."""
    texts = labels.tolist()
    numerals = {str(number) for number in range(len(names))} if names else set()
    if names and set(texts) <= numerals:
        classes, numbers = names, np.array([int(text) for text in texts], np.int64)
    elif names and not set(texts) <= set(names):
        raise ValueError(
            f"{path}: Expected labels 0 … {len(names) - 1}, of the classes {', '.join(names[:8])}. "
            f"Received: {', '.join(sorted(set(texts) - numerals)[:8])}"
        )
    else:
        classes = names or sorted_classes(texts)
        index = {name: number for number, name in enumerate(classes)}
        numbers = np.array([index[text] for text in texts], np.int64)
    if len(classes) < 2:
        raise ValueError(
            f"{path}: Expected two classes or more. Received: one, {classes[0]!r}; put the "
            "pictures of each class into a sub-folder of its name"
        )
    return classes, numbers


def _check_errors(path: Path, errors: dict[int, str], names: list[str], share: float) -> None:
    if len(errors) <= share * len(names):
        return
    first = "; ".join(f"{names[row]}: {errors[row]}" for row in sorted(errors)[:LISTED])
    raise ValueError(
        f"{path}: Expected at most {share:.2%} of {len(names):,} pictures to be unreadable. "
        f"Received: {len(errors):,}. {first}. Repair or remove them, or allow more by --params "
        "unreadable=0.1"
    )


def _check_range(path: Path, images: Images) -> None:
    if len(images) and images.max() <= 1:
        raise ValueError(
            f"{path}: Expected pixels in 0 … 255. Received: nothing above 1; masks are to be "
            "multiplied by 255"
        )


def _warn(path: Path, unreadable: dict[str, str], skipped: tuple[str, ...]) -> None:
    if unreadable:
        first = "; ".join(f"{name}: {unreadable[name]}" for name in list(unreadable)[:LISTED])
        logger.warning("%s: %d unreadable files are left out. %s", path, len(unreadable), first)
    if skipped:
        logger.warning(
            "%s: %d files lie outside of the classes' folders and are left out: %s",
            path, len(skipped), ", ".join(skipped[:LISTED]),
        )  # fmt: skip


def content_digest(digests: list[bytes], parts: pd.Series, labels: Array) -> str:
    """Returns a SHA-256 of all images with their parts and labels, whatever their order and names.

    Args:
        digests: Of each image.
        parts: Name of each image's part.
        labels: Number of each image's class.

    Returns:
        Hexadecimal digits.
    """
    total = hashlib.sha256()
    for part, digest, label in sorted(zip(parts, digests, labels.tolist(), strict=True)):
        total.update(f"{part} {label} {digest.hex()}\n".encode())
    return total.hexdigest()


def duplicates_record(digests: list[bytes], table: pd.DataFrame, labels: Array) -> dict[str, Any]:
    """Returns how many images repeat others, within and across parts, and under another label.

    Args:
        digests: Of each image.
        table: ``name`` and ``part`` of each image.
        labels: Number of each image's class.

    Returns:
        ``images`` that repeat an earlier one, ``across_parts`` and ``conflicting_labels`` among
        the groups of equal images, and ``examples``, the names of some of these groups.
    """
    groups = pd.DataFrame({"digest": digests, "part": table["part"], "label": labels})
    groups["name"] = table["name"]
    repeated = groups[groups.duplicated("digest", keep=False)].groupby("digest", sort=False)
    several = repeated[["part", "label"]].nunique()
    names = repeated["name"].agg(list)
    return {
        "images": int(sum(len(group) - 1 for group in names)),
        "across_parts": int((several["part"] > 1).sum()) if len(names) else 0,
        "conflicting_labels": int((several["label"] > 1).sum()) if len(names) else 0,
        "examples": [group[:LISTED] for group in names.iloc[:LISTED].tolist()],
    }


def _shared_groups(table: pd.DataFrame) -> list[str]:
    """Returns the groups that lie in several of the source's parts."""
    if "group" not in table:
        return []
    parts = table.groupby("group")["part"].nunique()
    return [str(group) for group in parts.index[parts > 1]]
