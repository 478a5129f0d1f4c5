"""Looks into SQLite files."""

import sqlite3
from contextlib import closing
from pathlib import Path


def rows(file: Path, asked: str) -> list[tuple]:
    with closing(sqlite3.connect(file)) as database, database:
        return database.execute(asked).fetchall()
