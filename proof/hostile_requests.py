"""Requests that a model's server must refuse in words, with a status 4xx."""

import base64
import gzip
import io
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from atelier.types import Array

JSON, CSV = {"Content-Type": "application/json"}, {"Content-Type": "text/csv"}
PARQUET = {"Content-Type": "application/vnd.apache.parquet"}
DEEP = 100_000
"""Levels of nested lists."""
HUGE = 2**26
"""Bytes of a body."""
CLAIMED_ROWS = 10**9
CLAIMED_BYTES = 10**12
LONG_ROWS = 10**7
"""Rows of a parquet file of some kilobytes."""
BOMB_SIDE = 13_000
"""Pixels of each side of a picture, less than the size at which Pillow refuses one."""


class HostileRequest(NamedTuple):
    """A request that must be refused.

    Attributes:
        name: What is wrong with it.
        body: What is sent.
        headers: With ``Content-Length``, which need not be true, or without.
        method: Of HTTP.
    """

    name: str
    body: bytes
    headers: dict[str, str] = JSON
    method: str = "POST"


def hostile_requests(picture: Array) -> Iterator[HostileRequest]:
    """Yields every request.

    Args:
        picture: One that the model takes, (height, width, channels) uint8.
    """
    yield from broken_messages(picture)
    yield from wrong_numbers(picture)
    yield from wrong_shapes(picture)
    yield from false_sizes(picture)
    yield from damaged_pictures()


def inputs(data: Any) -> bytes:
    """Returns a body of JSON with these inputs."""
    return json.dumps({"inputs": data}).encode()


def broken_messages(picture: Array) -> Iterator[HostileRequest]:
    """Yields requests that are no JSON, or not of the kind that they state."""
    good = inputs([picture.tolist()])
    yield HostileRequest("no body", b"")
    yield HostileRequest("no content type", good, {})
    yield HostileRequest("text/plain", good, {"Content-Type": "text/plain"})
    yield HostileRequest(
        "charset utf-16", good, {"Content-Type": "application/json; charset=utf-16"}
    )
    yield HostileRequest("bytes that are no UTF-8", b'{"inputs": ["\xff\xfe"]}')
    yield HostileRequest("CSV that is no UTF-8", b"image\n\xff\xfe\n", CSV)
    yield HostileRequest("CSV of words", b"a,b\nyes,no\n", CSV)
    yield HostileRequest("parquet that is none", b"PAR1" + bytes(64) + b"PAR1", PARQUET)
    yield HostileRequest("gzip", gzip.compress(good), JSON | {"Content-Encoding": "gzip"})
    yield HostileRequest("broken gzip", b"\x1f\x8b" + bytes(9), JSON | {"Content-Encoding": "gzip"})
    yield HostileRequest("a cut body", good[:-20])
    yield HostileRequest("a number", b"1")
    yield HostileRequest("a list", b"[1, 2]")
    yield HostileRequest("no inputs", b"{}")
    yield HostileRequest("inputs twice", b'{"inputs": [1], "instances": [1]}')
    yield HostileRequest("deep lists", b'{"inputs": ' + b"[" * DEEP + b"]" * DEEP + b"}")
    yield HostileRequest("deep objects", b'{"inputs": ' * DEEP + b"1" + b"}" * DEEP)
    yield HostileRequest("deep and cut", b'{"inputs": ' + b"[" * DEEP)
    yield HostileRequest("GET", b"", {}, "GET")


def wrong_numbers(picture: Array) -> Iterator[HostileRequest]:
    """Yields pictures of the right shape with values that no picture has."""
    values: dict[str, Any] = {
        "NaN": float("nan"),
        "infinity": float("inf"),
        "minus infinity": float("-inf"),
        "a negative number": -1,
        "a number beyond 255": 256,
        "a number beyond float64": 10**400,
        "a fraction": 0.5,
        "a text": "255",
        "null": None,
        "true": True,
        "an object": {"a": 1},
        "a list": [1],
    }
    for name, value in values.items():
        changed = picture.astype(object)
        changed[0, 0, 0] = value
        yield HostileRequest(f"{name} among the pixels", inputs([changed.tolist()]))
    yield HostileRequest("pixels in [0, 1]", inputs([(picture / 255).tolist()]))
    yield HostileRequest("pixels 0 and 1", inputs([(picture > 127).astype(int).tolist()]))
    yield HostileRequest("a text for each pixel", inputs([picture.astype(str).tolist()]))
    yield HostileRequest("true for each pixel", inputs([(picture > 127).tolist()]))
    long = b'{"inputs": [' + b"9" * 5000 + b"]}"
    yield HostileRequest("a number of 5,000 digits", long)


def wrong_shapes(picture: Array) -> Iterator[HostileRequest]:
    """Yields pictures of other shapes."""
    yield HostileRequest("no picture", inputs([]))
    yield HostileRequest("null", inputs(None))
    yield HostileRequest("one number", inputs(5))
    yield HostileRequest("an empty object", inputs({}))
    yield HostileRequest("a picture without a batch", inputs(picture.tolist()))
    yield HostileRequest("no channels", inputs([picture[..., 0].tolist()]))
    yield HostileRequest("a row less", inputs([picture[1:].tolist()]))
    yield HostileRequest("rows of unequal length", inputs([[[1, 2], [3]]]))
    empty = np.zeros((0, *picture.shape), np.uint8)
    yield HostileRequest("instances of none", json.dumps({"instances": empty.tolist()}).encode())
    yield HostileRequest("a table of numbers", b'{"dataframe_split": {"data": [[1, 2]]}}')
    yield HostileRequest("a table without columns", b'{"dataframe_records": []}')
    yield HostileRequest("a table that is none", b'{"dataframe_split": 5}')


def false_sizes(picture: Array) -> Iterator[HostileRequest]:
    """Yields requests that are large, or say so."""
    row = inputs([picture.tolist()])[len(b'{"inputs": [') : -len(b"]}")]
    count = HUGE // (len(row) + 1)
    yield HostileRequest("a huge body", b'{"inputs": [' + b",".join([row] * count) + b"]}")
    yield HostileRequest("huge lists of nothing", b'{"inputs": [' + b"[]," * (HUGE // 12) + b"[]]}")
    length = {"Content-Length": str(CLAIMED_BYTES)}
    yield HostileRequest("a body of 1 TB claimed", row, JSON | length)
    yield HostileRequest("a negative length", row, JSON | {"Content-Length": "-1"})
    yield HostileRequest("a length in words", row, JSON | {"Content-Length": "many"})
    claimed = {"shape": [CLAIMED_ROWS, *picture.shape], "dtype": "uint8", "data": [0]}
    yield HostileRequest("10⁹ rows claimed", inputs(claimed))
    split = {"columns": ["image"], "index": [CLAIMED_ROWS], "data": []}
    yield HostileRequest("row 10⁹ of none", json.dumps({"dataframe_split": split}).encode())
    array = base64.b64encode(npy_header((CLAIMED_ROWS, *picture.shape))).decode()
    yield HostileRequest("npy of 10⁹ rows claimed", inputs([array]))
    yield HostileRequest("parquet of 10⁷ rows", long_parquet(), PARQUET)
    yield HostileRequest(
        "chunks of false length", b"zz\r\n", JSON | {"Transfer-Encoding": "chunked"}
    )


def npy_header(shape: tuple[int, ...]) -> bytes:
    """Returns a file of NumPy that states a shape and has no data."""
    file = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def long_parquet() -> bytes:
    """Returns a small file of many equal rows."""
    file = io.BytesIO()
    pd.DataFrame({"image": np.zeros(LONG_ROWS, np.uint8)}).to_parquet(file)
    return file.getvalue()


def damaged_pictures() -> Iterator[HostileRequest]:
    """Yields texts that are no pictures, or far too large ones."""
    bomb = png(BOMB_SIDE)
    pictures = {
        "a text that is no base64": "ä",
        "base64 of no picture": base64.b64encode(b"hello").decode(),
        "a cut picture": base64.b64encode(bomb[:100]).decode(),
        "a picture of 169 million pixels": base64.b64encode(bomb).decode(),
        "a picture's address": "http://127.0.0.1/picture.png",
    }
    for name, text in pictures.items():
        yield HostileRequest(name, inputs([text]))


def png(side: int) -> bytes:
    """Returns a black picture of 16 bits a pixel, in about a thousandth of its size."""
    packed = zlib.compressobj(9)
    rows = b"".join(packed.compress(bytes(1 + 2 * side)) for _ in range(side)) + packed.flush()
    header = struct.pack(">IIBBBBB", side, side, 16, 0, 0, 0, 0)
    blocks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in blocks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
