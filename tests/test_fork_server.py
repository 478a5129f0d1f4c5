"""A program that begins as a fork ends, dies, prints and imports as one that Python starts."""

import os
import signal
import subprocess
import sys

import pytest
from support.fork_server import fork_server, run_python
from support.patience import wait_until

PROGRAM = """
import os, sys
print(os.getcwd(), sys.argv, os.environ.get("PLANTED"), "socket" in globals())
print("to the errors", file=sys.stderr)
sys.exit(int(sys.argv[1]))
"""


def really(*arguments, cwd, env):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize("status", ["0", "3"])
def test_folder_arguments_variables_outputs_and_status_are_those_of_a_new_process(status, tmp_path):
    asked = {"cwd": tmp_path, "env": os.environ | {"PLANTED": "here"}}
    forked, new = (run("-c", PROGRAM, status, **asked) for run in (run_python, really))
    assert forked.returncode == new.returncode == int(status)
    assert forked.stderr == new.stderr
    assert forked.stdout == new.stdout


def test_modules_and_files_come_from_the_folder_and_from_pythonpath(tmp_path):
    for folder, value in (("here", 1), ("there", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"planted_{folder}.py").write_text(f"value = {value}\n")
    (tmp_path / "here" / "both.py").write_text(
        "import planted_here, planted_there\nprint(planted_here.value + planted_there.value)\n"
    )
    asked = {"cwd": tmp_path / "here", "env": os.environ | {"PYTHONPATH": str(tmp_path / "there")}}
    for arguments in (("-m", "both"), (str(tmp_path / "here" / "both.py"),)):
        assert run_python(*arguments, **asked).stdout == "3\n"


def test_it_has_not_imported_the_project_nor_kedro_which_reads_its_logging_when_imported(tmp_path):
    code = "import sys; print({'atelier', 'kedro'} & set(sys.modules))"
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    assert run_python("-c", code, cwd=tmp_path, env=environment).stdout == "set()\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_as_it_ends_a_new_process(number, tmp_path):
    code = "import pathlib, time; pathlib.Path('began').touch(); time.sleep(3000)"
    process = fork_server().start("-c", code, cwd=tmp_path, env=dict(os.environ))
    wait_until((tmp_path / "began").exists)
    assert process.poll() is None
    process.send_signal(number)
    assert process.wait() == process.poll() == -number


def test_a_program_with_a_session_of_its_own_can_be_ended_with_its_children(tmp_path):
    code = (
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
        "pathlib.Path('began').write_text(str(child.pid))\n"
        "child.wait()\n"
    )
    process = fork_server().start("-c", code, cwd=tmp_path, env=dict(os.environ), new_session=True)
    wait_until(lambda: (tmp_path / "began").exists() and (tmp_path / "began").read_text())
    assert os.getsid(int((tmp_path / "began").read_text())) == process.pid
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait() == -signal.SIGTERM
