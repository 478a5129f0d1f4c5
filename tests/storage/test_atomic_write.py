"""Partial files and the names of processes: who lives, who is dead, who is unknown."""

import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

from atelier.datasets.atomic import RecordDataset
from atelier.datasets.npz import NpzDataset
from atelier.storage.atomic_write import partial_name, remove_abandoned, write_atomically
from atelier.storage.processes import is_dead, process_name, this_process
from atelier.sweep.chunk_store import StudyFolder


@pytest.fixture
def child():
    """A process that lives until its standard input is closed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_a_living_process_is_not_dead_and_an_ended_one_is(child):
    assert not is_dead(this_process())
    name = process_name(child.pid)
    assert not is_dead(name)
    child.communicate(b"\n")
    assert is_dead(name)


def test_a_process_number_used_again_does_not_hide_a_dead_process():
    host, number, _ = this_process().split("/")
    assert is_dead(f"{host}/{number}/1.00")


def test_nothing_is_known_of_other_hosts_or_containers():
    assert not is_dead("elsewhere/1/1.00")
    host, number, started = this_process().split("/")
    assert not is_dead(f"{host}9/{number}/{float(started) + 1:.2f}")


def test_setting_the_clock_kills_nobody(monkeypatch):
    """psutil gives start times as dates: what it takes for the machine's start moves with them."""
    name = this_process()
    boot, created = psutil.boot_time, psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: boot() + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 3600)
    assert not is_dead(name)


KILLED = """
import os, signal, sys
from pathlib import Path
from atelier.storage.atomic_write import partial_name
for name in sys.argv[1:]:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(partial_name(path.name)).write_bytes(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_while_writing(*paths) -> None:
    command = [sys.executable, "-c", KILLED, *map(str, paths)]
    assert subprocess.run(command).returncode == -signal.SIGKILL


def test_what_a_killed_process_did_not_finish_goes_at_the_next_write(tmp_path):
    npz, record = tmp_path / "arrays" / "one.npz", tmp_path / "records" / "one.json"
    chunk = tmp_path / "trials" / "0123" / "chunk-00000.parquet"
    killed_while_writing(npz, record, chunk)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 3
    NpzDataset(filepath=str(npz)).save({"x": np.arange(3)})
    RecordDataset(filepath=str(record)).save({"x": 1})
    StudyFolder(tmp_path / "trials").open({"rates": 1}, {})
    assert not list(tmp_path.rglob(".part-*"))
    assert npz.is_file()
    assert record.is_file()


def test_what_others_write_at_this_moment_stays(tmp_path, child):
    names = [process_name(child.pid), this_process(), "elsewhere/1/1.00"]
    living = {tmp_path / f".part-{name.replace('/', '~')}~one.npz" for name in names}
    other = tmp_path / ".part-of-something-else"
    for path in [*living, other]:
        path.write_bytes(b"half")
    remove_abandoned(tmp_path)
    NpzDataset(filepath=str(tmp_path / "two.npz")).save({"x": np.arange(3)})
    assert set(tmp_path.glob(".part-*")) == {*living, other}
    child.communicate(b"\n")
    remove_abandoned(tmp_path)
    assert len(set(tmp_path.glob(".part-*"))) == 3


def test_a_partial_name_keeps_the_ending_and_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    assert partial_name("one.keras").endswith("one.keras")
    path = tmp_path / "one.json"
    write_atomically(path, b"old")

    def full(_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
