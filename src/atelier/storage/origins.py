"""Which run wrote a file: a record beside the file, with the command and the parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ValidationError

from atelier.storage.atomic_write import remove_abandoned, write_atomically
from atelier.storage.digests import file_digest


class Writer(BaseModel, frozen=True):
    """A run that writes files.

    Attributes:
        run_id: MLflow's id; empty where nothing was tracked.
        began: ISO date and time in UTC.
        command: The command that repeats the run.
        pipelines: The pipelines that the command names; none stands for all.
        command_run_id: MLflow's id of the command's run, below which the run of an experiment lies;
            empty where there is none.
    """

    run_id: str
    began: str
    command: str
    pipelines: tuple[str, ...] = ()
    command_run_id: str = ""


class Origin(BaseModel, frozen=True):
    """Where the content of a file comes from.

    Attributes:
        writer: The run that wrote the file.
        inputs: Further runs, of this command or earlier ones, which wrote what the content was
            computed from.
        parameters: Values by dotted name, of the node that wrote the file and of those that made
            its inputs; several where these differ.
    """

    writer: Writer
    inputs: tuple[Writer, ...] = ()
    parameters: dict[str, tuple[str, ...]] = {}


class _Record(BaseModel, frozen=True):
    """An origin with what identifies the file, since a later file may have the same name."""

    origin: Origin
    size: int
    modified: int
    digest: str


def derive_origin(
    writer: Writer, parameters: Mapping[str, str], inputs: Iterable[Origin]
) -> Origin:
    """Returns the origin of a node's outputs.

    Args:
        writer: The run that the node belongs to.
        parameters: The node's own parameters, by dotted name.
        inputs: The known origins of the node's inputs.

    Returns:
        The writer, the runs behind the inputs, and the parameters of the node and its inputs.
    """
    origins = list(inputs)
    runs = dict.fromkeys(run for origin in origins for run in (*origin.inputs, origin.writer))
    node_values: Mapping[str, tuple[str, ...]] = {
        name: (value,) for name, value in parameters.items()
    }
    merged: dict[str, tuple[str, ...]] = {}
    for values_by_name in [*(origin.parameters for origin in origins), node_values]:
        for name, values in values_by_name.items():
            merged[name] = tuple(dict.fromkeys((*merged.get(name, ()), *values)))
    further = tuple(run for run in runs if run != writer)
    return Origin(writer=writer, inputs=further, parameters=dict(sorted(merged.items())))


def record_path(path: Path) -> Path:
    """Returns the path of a file's record.

    Examples:
        >>> record_path(Path("a/b.npz")).name
        '.b.npz.origin.json'
    """
    return path.with_name(f".{path.name}.origin.json")


def write_origin(path: Path, origin: Origin) -> None:
    """Writes the record of a file that was just written.

    Args:
        path: The file; for folders nothing is recorded.
        origin: Where its content comes from.
    """
    if not path.is_file():
        return
    state = path.stat()
    record = _Record(
        origin=origin, size=state.st_size, modified=state.st_mtime_ns, digest=file_digest(path)
    )
    remove_abandoned(path.parent)
    text = record.model_dump_json(indent=2)
    write_atomically(record_path(path), text.encode(), power_safe=False)


def read_origin(path: Path) -> Origin | None:
    """Returns where a file's content comes from.

    Returns:
        None where nothing is recorded, or where the file has changed since. A file that was copied
        with its record is identified by its content.
    """
    text = record_path(path)
    if not path.is_file() or not text.is_file():
        return None
    try:
        record = _Record.model_validate_json(text.read_bytes())
    except ValidationError:  # a version of this package with a different format wrote it
        return None
    state = path.stat()
    if state.st_size != record.size:
        return None
    same = state.st_mtime_ns == record.modified or file_digest(path) == record.digest
    return record.origin if same else None
