"""Parts: as many pictures as are labelled at once, and the table of their labels."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from PIL import Image

from atelier.data.user_data.records import Content
from atelier.prediction.model import ServedModel
from atelier.prediction.selection import PICTURE, candidate_rows
from atelier.types import Array, Arrays, Images

BYTES = 2**25
"""A part ends with the picture whose file exceeds so many bytes in sum."""
FORMAT = 2
"""Raised when the tables change: parts of another format are not reused."""
COLUMNS = ("file", "label", "probability", "set", "log_density", "reject", "problem")
"""Columns beside one of each class."""
SEPARATOR = "|"
"""Between the classes of a prediction set."""


@dataclass(frozen=True)
class PicturePart:
    """Some pictures that follow one another."""

    index: int
    names: list[str]
    contents: list[Content]

    def fingerprint(self, model: str) -> str:
        """Returns a digest of the pictures, their names and the model.

        Args:
            model: Digest of the model.
        """
        total = hashlib.sha256(f"{FORMAT} {model}".encode())
        for name, content in zip(self.names, self.contents, strict=True):
            total.update(name.encode("utf-8", "surrogateescape") + b"\0")
            total.update(_content_digest(content))
        return total.hexdigest()


def _content_digest(content: Content) -> bytes:
    if isinstance(content, bytes):
        return hashlib.sha256(content).digest()
    if isinstance(content, ValueError):
        return hashlib.sha256(str(content).encode()).digest()
    pixels = np.ascontiguousarray(content)
    return hashlib.sha256(f"{pixels.shape} {pixels.dtype}".encode() + pixels.tobytes()).digest()


def divide(entries: Iterable[tuple[str, Content]], count: int) -> Iterator[PicturePart]:
    """Yields parts of ``count`` pictures, or fewer where their files are large.

    Args:
        entries: Name and content of each picture.
        count: Most pictures of a part.

    Examples:
        >>> [part.names for part in divide([("a", b""), ("b", b""), ("c", b"")], 2)]
        [['a', 'b'], ['c']]
    """
    part, size = PicturePart(0, [], []), 0
    for name, content in entries:
        part.names.append(name)
        part.contents.append(content)
        size += _size(content)
        if len(part.names) >= count or size > BYTES:
            yield part
            part, size = PicturePart(part.index + 1, [], []), 0
    if part.names:
        yield part


def _size(content: Content) -> int:
    if isinstance(content, bytes):
        return len(content)
    return content.nbytes if isinstance(content, np.ndarray) else 0


def part_schema(classes: Sequence[str]) -> pa.Schema:
    """Returns the columns of a part's table.

    Args:
        classes: Names of the classes.
    """
    single = pa.float32()
    types = {"probability": single, "log_density": single, "reject": pa.bool_()}
    first, last = COLUMNS[:4], COLUMNS[4:]
    fields = [(name, types.get(name, pa.string())) for name in first]
    fields += [(f"probability_{name}", single) for name in classes]
    fields += [(name, types.get(name, pa.string())) for name in last]
    return pa.schema([*fields, (PICTURE, pa.binary())])


def label_part(part: PicturePart, model: ServedModel, threads: int) -> pa.Table:
    """Returns a row for each picture of a part; one that cannot be read has its problem alone.

    Args:
        part: The pictures.
        model: Labels them.
        threads: Of TensorFlow.

    Returns:
        A table of :func:`part_schema`; the column of pictures has those that may be shown.
    """
    images, rows, problems = _read(part, model)
    columns: dict[str, Array] = {}
    if rows:
        columns = _columns(model.predict(np.stack(images), threads), model.classes)
    count = len(part.names)
    spread = {name: _spread(values, rows, count) for name, values in columns.items()}
    pictures: list[bytes | None] = [None] * count
    if rows:
        for index in candidate_rows(columns):
            pictures[rows[index]] = _png(images[index])
    given = {
        "file": list(map(_printable, part.names)),
        "problem": problems,
        PICTURE: pictures,
    } | spread
    schema = part_schema(model.classes)
    empty = [None] * count
    return pa.table({name: given.get(name, empty) for name in schema.names}, schema=schema)


def _read(part: PicturePart, model: ServedModel) -> tuple[list[Images], list[int], list[str]]:
    """Returns the images that can be read, their rows, and every row's problem."""
    images, rows, problems = [], [], [""] * len(part.names)
    for row, (name, content) in enumerate(zip(part.names, part.contents, strict=True)):
        try:
            images.append(model.rule.read(content, name))
            rows.append(row)
        except ValueError as error:
            problems[row] = str(error).removeprefix(f"{name}: ")
    return images, rows, problems


def _columns(outputs: Arrays, classes: Sequence[str]) -> dict[str, Array]:
    """Returns the columns of the table that the model's outputs fill."""
    probabilities = np.asarray(outputs["probabilities"], np.float32)
    columns = {name: np.asarray(outputs[name]) for name in ("probability", "log_density", "reject")}
    columns |= {f"probability_{name}": probabilities[:, i] for i, name in enumerate(classes)}
    if "set" in outputs:
        columns["set"] = set_texts(outputs["set"], probabilities, classes)
    return columns | {"label": np.array(classes, object)[np.asarray(outputs["label"], np.int64)]}


def set_texts(members: Array, probabilities: Array, classes: Sequence[str]) -> Array:
    """Returns each prediction set as the names of its classes, the most probable one first.

    Args:
        members: Whether each class is in the set, (n, classes) bool.
        probabilities: (n, classes).
        classes: Names of the classes.

    Returns:
        Texts, (n,); a set without classes is an empty text.

    Examples:
        >>> members = np.array([[True, False, True], [False, False, False]])
        >>> set_texts(members, np.array([[0.2, 0.1, 0.7]] * 2), ["a", "b", "c"]).tolist()
        ['c|a', '']
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    texts = [
        SEPARATOR.join(classes[index] for index in row if inside[index])
        for row, inside in zip(order, np.asarray(members, bool), strict=True)
    ]
    return np.array(texts, object)


def _printable(name: str) -> str:
    """Returns a name in which bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _spread(values: Array, rows: list[int], count: int) -> list[object]:
    spread: list[object] = [None] * count
    for row, value in zip(rows, values.tolist(), strict=True):
        spread[row] = value
    return spread


def _png(image: Images) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(stream, format="PNG")
    return stream.getvalue()
