"""Waits for an SQLite store that another process locks."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

STEP_SECONDS = 5
"""How long SQLite itself waits; then a warning is logged, and the statement is tried again."""
LIMIT_SECONDS = 600
"""After which time a locked store is an error."""
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_TIMEOUT})
"""SQLite's codes of errors that end when the lock of the other process ends."""


def wait_for_locked_stores() -> None:
    """Makes every SQLite database that SQLAlchemy opens in this process wait while it is locked.

    MLflow gives up after 20 seconds and offers no setting for it.
    """
    from sqlalchemy import Engine, event

    if not event.contains(Engine, "do_connect", _set_retrying_connection):
        event.listen(Engine, "do_connect", _set_retrying_connection)


def _set_retrying_connection(
    dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]
) -> None:
    if dialect.name == "sqlite":
        options.setdefault("factory", RetryingConnection)


def retry_while_locked(attempt: Callable[[], T]) -> T:
    """Calls ``attempt`` until no other process locks the database, and returns its result.

    Raises:
        sqlite3.OperationalError: If the database is still locked after :data:`LIMIT_SECONDS`, or
            if SQLite reports a different error.
    """
    began = time.monotonic()
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - began
            if error.sqlite_errorcode not in BUSY:
                raise
            if waited > LIMIT_SECONDS:
                raise sqlite3.OperationalError(
                    f"Expected the MLflow store to be free. Received: {error}, for {waited:.0f} s. "
                    "End the process that locks it (fuser mlflow.db names it). The results "
                    "computed so far are on disk"
                ) from error
            logger.warning(
                "Another process locks the MLflow store: waiting, %.0f s so far. "
                "The results computed so far are on disk",
                waited,
            )


class RetryingCursor(sqlite3.Cursor):
    """A cursor whose statements wait while another process locks the database."""

    def execute(self, statement: str, parameters: Any = ()) -> RetryingCursor:
        """Executes a statement, as :meth:`sqlite3.Cursor.execute` does."""
        if statement.lstrip().upper().startswith("PRAGMA BUSY_TIMEOUT"):
            statement = f"PRAGMA busy_timeout = {1000 * STEP_SECONDS}"
        retry_while_locked(lambda: super(RetryingCursor, self).execute(statement, parameters))
        return self

    def executemany(self, statement: str, parameters: Iterable[Any]) -> RetryingCursor:
        """Executes a statement for each row, as :meth:`sqlite3.Cursor.executemany` does."""
        rows = list(parameters)
        retry_while_locked(lambda: super(RetryingCursor, self).executemany(statement, rows))
        return self


class RetryingConnection(sqlite3.Connection):
    """A connection whose statements and commits wait while another process locks the database."""

    def cursor(self, factory: Any = RetryingCursor) -> Any:
        """Returns a cursor that waits."""
        return super().cursor(factory)

    def commit(self) -> None:
        """Commits, as :meth:`sqlite3.Connection.commit` does."""
        retry_while_locked(super().commit)
