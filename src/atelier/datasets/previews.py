"""What Kedro-Viz shows of a dataset: small tables, pictures and pages."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kedro_datasets._typing import HTMLPreview, ImagePreview, TablePreview
from numpy.lib import format as npy

from atelier.types import Array

LONGEST_SIDE = 600
"""Pixels of a preview; larger pictures are scaled down."""
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def preview_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> TablePreview:
    """Returns a table.

    Args:
        columns: The names of the columns.
        rows: The values of each row.

    Examples:
        >>> preview_rows(["name", "value"], [("accuracy", 0.9)])
        {'index': [0], 'columns': ['name', 'value'], 'data': [['accuracy', 0.9]]}
    """
    data = [list(row) for row in rows]
    return TablePreview({"index": [*range(len(data))], "columns": [*columns], "data": data})


def preview_arrays(path: Path) -> TablePreview:
    """Returns names, shapes and types of the arrays in an npz file, from their headers alone."""
    with zipfile.ZipFile(path) as file:
        rows = [(Path(name).stem, *_array_header(file, name)) for name in file.namelist()]
    return preview_rows(["array", "shape", "type"], rows)


def _array_header(file: zipfile.ZipFile, name: str) -> tuple[str, str]:
    with file.open(name) as array:
        shape, _, dtype = HEADERS[npy.read_magic(array)](array)
    return " × ".join(map(str, shape)) or "one number", str(dtype)


def preview_records(records: Sequence[Mapping[str, Any]]) -> TablePreview:
    """Returns a table with one row for each record; columns are those of the first record."""
    columns = list(records[0]) if records else []
    return preview_rows(columns, [[record.get(name) for name in columns] for record in records])


def preview_file(path: Path) -> ImagePreview:
    """Returns the bytes of a picture's file, which may be an animation."""
    return ImagePreview(base64.b64encode(path.read_bytes()).decode())


def preview_picture(picture: Array) -> ImagePreview:
    """Returns a picture as PNG.

    Args:
        picture: (height, width) or (height, width, 3); uint8, uint16 or float in [0, 1].
    """
    from PIL import Image
    from skimage.util import img_as_ubyte

    image = Image.fromarray(img_as_ubyte(picture))
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    file = io.BytesIO()
    image.save(file, format="PNG")
    return ImagePreview(base64.b64encode(file.getvalue()).decode())


def preview_pictures(pictures: Iterable[Array]) -> ImagePreview:
    """Returns pictures side by side, with the height of the first one."""
    import numpy as np
    from skimage.transform import resize

    first, *others = pictures
    height = min(first.shape[0], LONGEST_SIDE)
    scaled = [
        resize(one, (height, round(one.shape[1] * height / one.shape[0]), 3))
        for one in (first, *others)
    ]
    return preview_picture(np.concatenate(scaled, axis=1))


def preview_markdown(text: str) -> HTMLPreview:
    """Returns Markdown as a page; HTML inside the text is shown as it is written."""
    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return HTMLPreview(f'<div style="font-family: sans-serif; padding: 1em">{body}</div>')
