"""Looks into SQLite files."""

import sqlite3
from contextlib import closing
from pathlib import Path


def rows(file: Path, asked: str) -> list[tuple]:
    with closing(sqlite3.connect(file)) as database, database:
        return database.execute(asked).fetchall()


def write_without_waiting() -> None:
    """Makes SQLAlchemy's databases in this process not wait for the disk after each commit.

    Only a power failure could lose what was committed.
    """
    from sqlalchemy import Engine, event

    event.listen(Engine, "connect", _write_without_waiting)


def _write_without_waiting(connection, _record) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.cursor().execute("PRAGMA synchronous = OFF")
