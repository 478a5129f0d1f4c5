"""Rewrites the addresses in an MLflow store whose folder was moved or copied."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from atelier.hooks.sqlite_store import store_lock

logger = logging.getLogger(__name__)

ADDRESSES = (
    ("experiments", "artifact_location", "true"),
    ("runs", "artifact_uri", "true"),
    ("logged_models", "artifact_location", "true"),
    ("model_versions", "source", "true"),
    ("model_versions", "storage_location", "true"),
    ("trace_tags", "value", "key = 'mlflow.artifactLocation'"),
)
"""Table, column and condition of the rows in which MLflow stores addresses of artifacts."""


class Relocation(NamedTuple):
    """How many addresses now lead to the new folder, and how many still lead to the old one."""

    rewritten: int
    remaining: int


def local_path(address: str | None) -> Path | None:
    """Returns the path of an address, plain or ``file:``; None for addresses of other machines."""
    from mlflow.utils.file_utils import local_file_uri_to_path

    if address and address.startswith("file:"):
        return Path(local_file_uri_to_path(address))
    return Path(address) if address and address.startswith("/") else None


def relocated_address(address: str | None, old: Path, new: Path) -> str | None:
    """Returns an address below ``old`` as one below ``new``; None for all other addresses.

    Args:
        address: A path or a ``file:`` address.
        old: The folder that was moved.
        new: Where it is now.

    Returns:
        The new address, in the same form.

    Examples:
        >>> relocated_address("file:///a/mlruns/1/artifacts", Path("/a/mlruns"), Path("/b/mlruns"))
        'file:///b/mlruns/1/artifacts'
    """
    path = local_path(address)
    if address is None or path is None or not path.is_relative_to(old):
        return None
    target = new / path.relative_to(old)
    return target.as_uri() if address.startswith("file:") else str(target)


def rewrite_moved_store(file: Path, experiment: str, artifacts: str) -> None:
    """Rewrites the addresses of a store that was moved or copied with its project.

    The experiment's address of artifacts then names the old folder. To be called under
    ``store_lock``.

    Args:
        file: The SQLite file.
        experiment: Name of the project's experiment.
        artifacts: The present folder of its artifacts.
    """
    with closing(sqlite3.connect(file, timeout=60)) as database:
        query = "select artifact_location from experiments where name = ?"
        (stored,) = database.execute(query, (experiment,)).fetchone() or (None,)
    old, new = local_path(stored), local_path(artifacts)
    if old and new and old != new:
        rewrite_addresses(file, old, new)


def rewrite_addresses(file: Path, old: Path, new: Path) -> Relocation:
    """Rewrites all addresses below ``old`` in a store as addresses below ``new``, after a backup.

    The addresses of experiments, into which future runs write, are always rewritten; that of a run
    or a model stays as it is if its files are in the old folder only.

    Args:
        file: The SQLite file.
        old: The folder that was moved.
        new: Where it is now.

    Returns:
        The numbers of rewritten and of remaining addresses.
    """
    backup = file.with_name(f"{file.name}.before-move")
    with closing(sqlite3.connect(file, timeout=60)) as database:
        with closing(sqlite3.connect(backup)) as copy:
            database.backup(copy)
        with database:
            counts = [_rewrite(database, *column, old, new) for column in ADDRESSES]
    done = Relocation(*map(sum, zip(*counts, strict=True)))
    logger.warning(
        "The artifacts of %s were in %s: %d addresses now lead to %s (before: %s)",
        *(file, old, done.rewritten, new, backup.name),
    )
    if done.remaining:
        logger.warning(
            "%d runs and models still lie in %s only. To have them here:\n"
            "  cp -R '%s/.' '%s' && python -m atelier.operations.move_store '%s'",
            *(done.remaining, old, old, new, old),
        )
    return done


def _rewrite(
    database: sqlite3.Connection, table: str, column: str, rows: str, old: Path, new: Path
) -> Relocation:
    """Rewrites one column."""
    query = f"select rowid, {column} from {table} where {rows}"  # noqa: S608
    below = [
        (number, local_path(address), relocated_address(address, old, new))
        for number, address in database.execute(query).fetchall()
    ]
    below = [row for row in below if row[2]]
    always = table == "experiments"
    follow = [
        (to, row) for row, path, to in below if always or not _is_only_there(path, local_path(to))
    ]
    database.executemany(f"update {table} set {column} = ? where rowid = ?", follow)  # noqa: S608
    return Relocation(len(follow), len(below) - len(follow))


def _is_only_there(old: Path | None, new: Path | None) -> bool:
    """Returns whether the old folder exists and the new one does not."""
    return bool(old and old.exists() and new and not new.exists())


def move_store(file: Path, old: Path, new: Path) -> Relocation:
    """Rewrites a store's addresses below ``old`` under its lock, as :func:`rewrite_addresses` does.

    Args:
        file: The SQLite file.
        old: The folder that was moved.
        new: Where it is now.

    Returns:
        The numbers of rewritten and of remaining addresses.
    """
    with store_lock(file):
        return rewrite_addresses(file, old, new)
