"""What a command says where the disk is full or may not be written."""

import errno
import sqlite3

import click
import pytest
from kedro.io import DatasetError

from atelier import cli
from atelier.storage.disk_errors import describe_disk_error


def raised(*errors):
    """The last of some errors, each raised from the one before."""
    cause = None
    for error in errors:
        error.__cause__ = cause
        cause = error
    return cause


def full_database(tmp_path):
    """What SQLite itself raises where its file may not grow."""
    with sqlite3.connect(tmp_path / "small.db") as database:
        database.execute("create table t (x)")
        database.execute("pragma max_page_count = 3")
        many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 99)"
        with pytest.raises(sqlite3.OperationalError) as caught:
            database.execute(f"insert into t {many} select zeroblob(4000) from n")
    database.close()
    return caught.value


def test_a_full_disk_below_any_error_is_said_with_what_to_do(tmp_path):
    full = OSError(errno.ENOSPC, "No space left on device")
    for error in (full, raised(full, DatasetError("digits.density_arrays: failed to save"))):
        words = describe_disk_error(error, tmp_path)
        assert words.startswith(
            f"Expected free space on the disk of {tmp_path}. Received: No space"
        )
        assert words.endswith("run the same command again: what was finished is kept")
    database = raised(full_database(tmp_path), RuntimeError("of SQLAlchemy"))
    assert "SQLite: database or disk is full" in describe_disk_error(database, tmp_path)


def test_an_error_while_another_is_handled_is_found():
    try:
        try:
            raise OSError(errno.EROFS, "Read-only file system", "a.npz")
        except OSError:
            raise RuntimeError("while it was cleaned up")  # noqa: B904
    except RuntimeError as error:
        assert "Received: Read-only file system, a.npz" in describe_disk_error(error, ".")


def test_other_errors_are_left_alone(tmp_path):
    assert describe_disk_error(OSError(errno.EACCES, "Permission denied"), tmp_path) is None
    assert describe_disk_error(ValueError("Expected 1. Received: 2"), tmp_path) is None


def test_a_command_ends_with_the_words_and_no_traceback(monkeypatch, tmp_path):
    def fail(**_):
        raise raised(OSError(errno.ENOSPC, "No space left"), DatasetError("picture.cuts_table"))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli.kedro_run, "callback", fail)
    monkeypatch.setattr(cli, "pipelines", {"__default__": None})
    monkeypatch.setattr(cli, "complete_options", lambda options, _: options)
    with pytest.raises(click.ClickException, match="Expected free space"):
        cli.run_pipelines({"pipelines": [], "params": {}, "runner": None})
