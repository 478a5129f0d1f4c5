"""Makes the parts of a source of a user's labelled pictures, with a record of what was read."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from atelier.data.checks import image_digests
from atelier.data.reading import Part, Source
from atelier.data.user_data.image_stack import ImageStack
from atelier.data.user_data.params import UserDataParams
from atelier.data.user_data.part_names import sorted_classes
from atelier.data.user_data.records import ImageRecords
from atelier.types import Array, Images

logger = logging.getLogger(__name__)

LISTED = 5
"""Names of files in a message."""


def assemble(path: Path, records: ImageRecords, params: UserDataParams) -> Source:
    """Decodes the pictures of records into the parts of a source.

    Args:
        path: The source, for messages.
        records: What it lists, one picture or more.
        params: How images become arrays of one shape.

    Returns:
        The parts, with a record of what was read.

    Raises:
        ValueError: If too many cannot be read, the source has fewer than it lists, or all are of
            one class.
    """
    table = records.table
    stack, names = ImageStack(len(table), params), table["name"].tolist()
    received = 0
    for row, content in records.contents:
        stack.put(row, content, names[row])
        received += 1
    if received < len(names):
        raise ValueError(
            f"{path}: Expected {len(names):,} pictures, as its rows say. Received: {received:,}; "
            "the file is damaged, copy or save it again"
        )
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
