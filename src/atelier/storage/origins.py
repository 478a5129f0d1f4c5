"""Which run wrote a file: a record beside the file, with the command and the parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from atelier.storage.atomic_write import remove_abandoned, write_atomically


class Writer(BaseModel, frozen=True):
    """A run that writes files.

    Attributes:
        run_id: MLflow's; empty where nothing was tracked.
        began: When, as an ISO date and time in UTC.
        command: The command that does it again.
        pipelines: The pipelines that the command names; none is all of them.
    """

    run_id: str
    began: str
    command: str
    pipelines: tuple[str, ...] = ()


class Origin(BaseModel, frozen=True):
    """Where the content of a file comes from.

    Attributes:
        writer: The run that wrote the file.
        inputs: Other runs, which wrote what the content was computed from.
        parameters: Values by dotted name, of the node that wrote the file and of those that made
            its inputs; several where these differ.
    """

    writer: Writer
    inputs: tuple[Writer, ...] = ()
    parameters: dict[str, tuple[str, ...]] = {}


class _Record(BaseModel, frozen=True):
    """An origin with what recognises the file: another file of its name has another origin."""

    origin: Origin
    size: int
    modified: int
    digest: str


def derive_origin(
    writer: Writer, parameters: Mapping[str, str], inputs: Iterable[Origin]
) -> Origin:
    """Returns the origin of what a node makes.

    Args:
        writer: The run that the node belongs to.
        parameters: The node's own, by dotted name.
        inputs: The origins of what the node reads, where they are known.
    """
    origins = list(inputs)
    runs = dict.fromkeys(run for one in origins for run in (*one.inputs, one.writer))
    own: dict[str, tuple[str, ...]] = {name: (value,) for name, value in parameters.items()}
    values: dict[str, tuple[str, ...]] = {}
    for named in [*(one.parameters for one in origins), own]:
        for name, several in named.items():
            values[name] = tuple(dict.fromkeys((*values.get(name, ()), *several)))
    others = tuple(run for run in runs if run != writer)
    return Origin(writer=writer, inputs=others, parameters=dict(sorted(values.items())))


def record_path(path: Path) -> Path:
    """Returns where the record of a file lies."""
    return path.with_name(f".{path.name}.origin.json")


def write_origin(path: Path, origin: Origin) -> None:
    """Writes the record of a file that was just written.

    Args:
        path: The file; nothing is recorded of folders.
        origin: Where its content comes from.
    """
    if not path.is_file():
        return
    state = path.stat()
    record = _Record(
        origin=origin, size=state.st_size, modified=state.st_mtime_ns, digest=_digest(path)
    )
    remove_abandoned(path.parent)
    text = record.model_dump_json(indent=2)
    write_atomically(record_path(path), text.encode(), power_safe=False)


def read_origin(path: Path) -> Origin | None:
    """Returns where a file's content comes from.

    Returns:
        None where nothing is recorded, or where the file has changed since. A file that was copied
        with its record is recognised by its content.
    """
    text = record_path(path)
    if not path.is_file() or not text.is_file():
        return None
    try:
        record = _Record.model_validate_json(text.read_bytes())
    except ValidationError:  # of another version of this package: it tells nothing
        return None
    state = path.stat()
    if state.st_size != record.size:
        return None
    same = state.st_mtime_ns == record.modified or _digest(path) == record.digest
    return record.origin if same else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
