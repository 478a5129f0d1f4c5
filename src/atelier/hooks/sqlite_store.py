"""MLflow's SQLite store as a file, which is created under a lock, whole or not at all."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from atelier.storage.locks import locked

logger = logging.getLogger(__name__)

RECORDS = {
    "experiments": "experiment_id > 0",
    "runs": "true",
    "registered_models": "true",
    "logged_models": "true",
    "traces": "true",
}
"""Tables of the users' records, with a condition that leaves out MLflow's experiment "Default"."""


class StoreState(NamedTuple):
    """Revision of the tables (None without tables), and whether anything is recorded in them."""

    revision: str | None
    has_records: bool


def sqlite_file(uri: str) -> Path | None:
    """Returns the file of an SQLite address; None for other addresses and for databases in memory.

    Examples:
        >>> sqlite_file("sqlite:///mlflow.db")
        PosixPath('mlflow.db')
        >>> sqlite_file("http://127.0.0.1:5000")
    """
    from sqlalchemy import make_url

    if not uri.startswith("sqlite"):
        return None
    database = make_url(uri).database
    return Path(database) if database and database != ":memory:" else None


def sqlite_uri(file: Path) -> str:
    """Returns the address of an SQLite file, with special characters escaped.

    Examples:
        >>> sqlite_uri(Path("/home/me/50%/mlflow.db"))
        'sqlite:////home/me/50%25/mlflow.db'
    """
    return "sqlite:///" + str(file).replace("%", "%25").replace("?", "%3F")


@contextmanager
def store_lock(file: Path) -> Iterator[None]:
    """Holds the lock beside a store, under which it is created and its addresses are rewritten."""
    with locked(file.with_name(f"{file.name}.lock")):
        yield


def read_state(file: Path) -> StoreState:
    """Returns the state of a file without MLflow, which would create missing tables.

    Raises:
        ValueError: If the file is not an SQLite database.
    """
    with closing(sqlite3.connect(file, timeout=60)) as database:
        try:
            listed = database.execute("select name from sqlite_master where type = 'table'")
            tables = {name for (name,) in listed}
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise ValueError(
                f"Expected MLflow's SQLite database in {file}. Received: another kind of file. "
                "Move it away and start again"
            ) from None
        revision = None
        if "alembic_version" in tables:
            (revision,) = database.execute(
                "select max(version_num) from alembic_version"
            ).fetchone()
        recorded = [
            database.execute(f"select 1 from {table} where {condition} limit 1").fetchone()  # noqa: S608
            for table, condition in RECORDS.items()
            if table in tables
        ]
    return StoreState(revision, any(recorded))


def create_store(file: Path, artifacts: str) -> None:
    """Creates the store where there is none, or only an incomplete one of a killed process.

    To be called under :func:`store_lock`. The tables are created in a temporary file, which is then
    renamed: a killed process leaves no incomplete store.

    Args:
        file: The SQLite file.
        artifacts: The folder of its artifacts, in which experiment "Default" has a folder.

    Raises:
        ValueError: If the tables are of a different version of MLflow, or the file is no database.
    """
    if file.exists() and file.stat().st_size:
        state = read_state(file)
        if state.revision == _newest_revision():
            return
        if state.has_records:
            raise ValueError(_of_another_version(file, state.revision))
        aside = file.with_name(f"{file.name}.half-made")
        file.replace(aside)
        logger.warning("%s was half-made and without any run: now %s", file, aside.name)
    _make_tables(file, artifacts)


def _newest_revision() -> str:
    from mlflow.store.db.utils import _get_latest_schema_revision

    return str(_get_latest_schema_revision())


def _of_another_version(file: Path, revision: str | None) -> str:
    import mlflow

    return (
        f"Expected {file} to have the tables of MLflow {mlflow.__version__}, revision "
        f"{_newest_revision()}. Received: revision {revision}. Copy the file, then: "
        f"mlflow db upgrade '{sqlite_uri(file)}'. If that does not know the revision, a newer "
        "MLflow made the file"
    )


def _make_tables(file: Path, artifacts: str) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    for leftover in (part, part.with_name(f"{part.name}-journal")):
        leftover.unlink(missing_ok=True)
    store = SqlAlchemyStore(sqlite_uri(part), artifacts)
    store.engine.dispose()
    part.replace(file)
