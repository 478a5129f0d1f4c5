"""What a file says apart from clock times and the names of runs, which differ from run to run."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TIMES = re.compile(r"(?:^|[._])(?:seconds|duration|per_second)(?:[._]|$)")
"""Whole words in the names of numbers that measure the machine."""
OF_A_RUN = {"date_saved", "run_id", "run_ids", "shared_object_id"}
"""Names of the time of writing, of MLflow's runs, and of addresses in memory,
which Keras writes to the configuration of a model."""


def is_of_a_run(name: str) -> bool:
    """Returns whether a number, a column or a member of JSON differs from run to run.

    Examples:
        >>> is_of_a_run("seconds_per_step"), is_of_a_run("best.run_id"), is_of_a_run("iteration")
        (True, True, False)
    """
    return name.rpartition(".")[2] in OF_A_RUN or bool(TIMES.search(name))


def content_digest(path: Path) -> str:
    """Returns a digest of what a file says, apart from what differs from run to run.

    Members of JSON, columns of parquet, arrays of npz and of a Keras model count; of other files,
    and of those that cannot be read as what they are called, every byte.

    Args:
        path: The file.
    """
    digest = hashlib.sha256()
    try:
        parts = list(READERS[path.suffix](path.read_bytes()))
    except (KeyError, OSError, ValueError, zipfile.BadZipFile):
        parts = [path.read_bytes()]
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _json_parts(content: bytes) -> Iterator[bytes]:
    yield json.dumps(_without_times(json.loads(content))).encode()


def _without_times(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            name: _without_times(value)
            for name, value in content.items()
            if not is_of_a_run(str(name))
        }
    return [_without_times(value) for value in content] if isinstance(content, list) else content


def _parquet_parts(content: bytes) -> Iterator[bytes]:
    table = pq.read_table(io.BytesIO(content))
    kept = table.select([name for name in table.column_names if not is_of_a_run(name)])
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, kept.schema.remove_metadata()) as stream:
        stream.write_table(kept.replace_schema_metadata(None).combine_chunks())
    yield written.getvalue().to_pybytes()


def _npz_parts(content: bytes) -> Iterator[bytes]:
    with np.load(io.BytesIO(content)) as arrays:
        for name in sorted(arrays):
            if not is_of_a_run(name):
                yield from _array_parts(name, arrays[name])


def _keras_parts(content: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in sorted(archive.namelist()):
            member = archive.read(name)
            if name.endswith(".h5"):
                yield from _hdf5_parts(member)
            elif name.endswith(".json"):
                yield from _json_parts(member)
            else:
                yield member


def _hdf5_parts(content: bytes) -> Iterator[bytes]:
    arrays: dict[str, Any] = {}
    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(
            lambda name, item: arrays.update({name: item[()]} if hasattr(item, "shape") else {})
        )
    for name in sorted(arrays):
        yield from _array_parts(name, np.asarray(arrays[name]))


def _array_parts(name: str, array: Any) -> Iterator[bytes]:
    yield f"{name} {array.dtype} {array.shape}".encode()
    yield array.tobytes()


READERS = {
    ".json": _json_parts,
    ".keras": _keras_parts,
    ".npz": _npz_parts,
    ".parquet": _parquet_parts,
}
"""Functions that return the parts of a file that count, by its ending."""
