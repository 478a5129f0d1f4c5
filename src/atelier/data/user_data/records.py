"""What a source lists before its pictures are decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from atelier.types import Array

Content = bytes | Array | ValueError
"""Of a picture: a file's bytes, pixels, or why neither can be read."""


class ImageRecords(NamedTuple):
    """The labelled pictures of a source in their order, and a stream of their contents."""

    table: pd.DataFrame
    """A row for each picture: ``part``, ``name``, ``label``; ``group`` where there are groups."""
    contents: Iterator[tuple[int, Content]]
    """(row, content), in any order."""
    classes: tuple[str, ...] | None = None
    """Names of the classes whose numbers the labels are; None where the labels are the names."""
    skipped: tuple[str, ...] = ()
    """Names of files that have no class."""


def records_table(part: str, names: list[str], labels: list[str]) -> pd.DataFrame:
    """Returns the table of records of one part.

    Args:
        part: Name of the part, such as ``train``.
        names: Names of its images.
        labels: The class of each.

    Returns:
        The columns ``part``, ``name`` and ``label``.
    """
    return pd.DataFrame({"part": part, "name": names, "label": labels})
