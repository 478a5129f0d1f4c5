"""What TensorFlow's libraries write while they are imported: remarks are dropped, errors not."""

import os
import subprocess
import sys

import pytest

STUB = """
import os
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are written\\n")
os.write(2, b"I0000 00:00:1795731409.592235 1 cudart_stub.cc:31] Could not find cuda drivers\\n")
os.write(2, b"E0000 00:00:1795731409.592235 1 loader.cc:7] a library is damaged\\n")
if os.environ.get("FAILS"):
    raise ImportError("planted")
"""
PROGRAM = """
from atelier.hooks import hide_remarks
hide_remarks()
import tensorflow, os
os.write(2, b"I0000 00:00:1795731409.592235 1 later.cc:1] after the import\\n")
print(tensorflow.__name__, type(tensorflow.__spec__.loader).__name__)
"""
ERROR = "E0000 00:00:1795731409.592235 1 loader.cc:7] a library is damaged"
LATER = "I0000 00:00:1795731409.592235 1 later.cc:1] after the import"


def imported(folder, **variables):
    """A process that imports a stand-in for TensorFlow, which writes as the true one does."""
    (folder / "tensorflow.py").write_text(STUB)
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    path = os.pathsep.join([str(folder), *sys.path])
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True,
        env=environment | {"PYTHONPATH": path} | variables,
    )  # fmt: skip


def test_remarks_during_the_import_are_dropped_and_errors_are_not(tmp_path):
    ended = imported(tmp_path)
    assert ended.stdout == "tensorflow SourceFileLoader\n"
    assert ended.stderr.splitlines() == [ERROR, LATER]


def test_a_level_of_the_users_own_shows_all(tmp_path):
    ended = imported(tmp_path, TF_CPP_MIN_LOG_LEVEL="0")
    assert "Could not find cuda drivers" in ended.stderr


def test_what_was_written_before_the_import_failed_is_shown(tmp_path):
    ended = imported(tmp_path, FAILS="yes")
    assert ended.returncode != 0
    assert ERROR in ended.stderr
    assert "ImportError: planted" in ended.stderr


@pytest.mark.timeout(1200)
def test_tensorflow_itself_is_imported_without_a_word():
    program = "from atelier.hooks import hide_remarks\nhide_remarks()\nimport tensorflow"
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    assert "cuda" not in ended.stderr
    assert "absl" not in ended.stderr
