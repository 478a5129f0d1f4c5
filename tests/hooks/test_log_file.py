"""Log files: one for each command, the newest ten, none of a command that still runs."""

import datetime as dt

from atelier.hooks.log_file import NEWEST, open_log_file

BEGAN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def opened(folder, minutes: int):
    return open_log_file(folder, BEGAN + dt.timedelta(minutes=minutes))


def test_the_newest_ten_are_kept(tmp_path):
    for minutes in range(NEWEST + 3):
        opened(tmp_path, minutes).close()
    times = sorted(path.name[4:20] for path in tmp_path.iterdir())
    assert times == [f"2026-01-01_00.{minutes:02}" for minutes in range(3, 13)]


def test_a_file_that_is_still_written_is_kept(tmp_path):
    running = opened(tmp_path, 0)
    for minutes in range(1, NEWEST + 3):
        opened(tmp_path, minutes).close()
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) == NEWEST + 1
    assert any(running.baseFilename.endswith(name) for name in names)
    running.close()
    opened(tmp_path, NEWEST + 3).close()
    assert len(list(tmp_path.iterdir())) == NEWEST


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    (tmp_path / "mine.log").touch()
    for minutes in range(NEWEST + 3):
        opened(tmp_path, minutes).close()
    assert (tmp_path / "mine.log").exists()


def test_two_commands_at_once_have_files_of_their_own(tmp_path):
    first, second = open_log_file(tmp_path), open_log_file(tmp_path)
    assert first.baseFilename != second.baseFilename
    first.close()
    second.close()
