"""What `kedro run` writes: into a pipe, on a terminal of 80 columns, and where it is stopped."""

import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios

import pytest
from support import toy
from support.patience import PATIENCE, wait_until
from support.project import Project

pytestmark = pytest.mark.timeout(2400)

NUMBERS = [
    (re.compile(r"run_\d{4}-\d\d-\d\d_\d\d\.\d\d\.\d\d\.\d{6}_\d+\.log"), "FILE"),
    (re.compile(r" +(\d+ min )?\d+ s\b"), " TIME"),
    (re.compile(r"file://\S*/data"), "file:///DATA"),
]
EXPERIMENTS = [
    "toy · left     2 nodes TIME",
    "toy · right    2 nodes TIME",
    "solo           2 nodes TIME",
]
END = [
    "Done in TIME. To see the results:",
    "  make ui    runs, metrics, pictures and models in MLflow",
    "             (mlflow ui)",
    "  make viz   the pipelines as a graph (kedro viz)",
    "  figures    data/08_reporting/ (0 from this run)",
    "  log        logs/FILE",
]
PAGE = ("08_reporting", "test", "report.html")


def lines(output: str) -> list[str]:
    """The lines of an output, with the same words for times and paths."""
    for pattern, word in NUMBERS:
        output = pattern.sub(word, output)
    return [line.rstrip() for line in output.splitlines()]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Project:
    """Six nodes of three experiments, which have run once."""
    project = Project(tmp_path_factory.mktemp("console"))
    shutil.copy(toy.__file__, project.folder / "src" / "atelier" / "pipeline_registry.py")
    project.output = project.run()
    return project


def on_a_terminal(project, *arguments: str, until: str | None = None) -> str:
    """What a terminal of 80 columns gets from `kedro run`.

    Args:
        project: Of the command.
        arguments: Of `kedro run`.
        until: A pattern; once the terminal has shown it, the node goes on that waits for it.
    """
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environment = {name: text for name, text in project.environment.items() if name != "COLUMNS"}
    process = subprocess.Popen(
        [sys.executable, "-m", "kedro", "run", "--env", "test", *arguments],
        cwd=project.folder, env=environment, stdout=child, stderr=child, stdin=child,
    )  # fmt: skip
    os.close(child)
    output = b""
    while chunk := _read(parent):
        output += chunk
        if until and re.search(until, output.decode(errors="replace")):
            (project.folder / "goes_on").touch()
    os.close(parent)
    assert process.wait(PATIENCE) == 0, output.decode()
    return output.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the last process has closed the terminal
        return b""


def screen(output: str) -> list[str]:
    """What is left on a terminal: a carriage return begins a line anew, upon what is there."""
    rows = [""]
    for part in re.split(r"(\r|\n)", output.replace("\r\n", "\n")):
        if part == "\n":
            rows.append("")
            at = 0
        elif part == "\r":
            at = 0
        else:
            at = 0 if not rows[-1] else at
            rows[-1] = rows[-1][:at] + part + rows[-1][at + len(part) :]
            at += len(part)
    return [row.rstrip() for row in rows]


def test_a_first_run_writes_a_line_for_each_experiment(project):
    assert lines(project.output) == [*EXPERIMENTS, *END]


def test_a_terminal_is_left_with_the_same_lines(project):
    output = on_a_terminal(project, "--params", "force=true")
    left = [line for line in lines("\n".join(screen(output))) if line]
    assert left == [*EXPERIMENTS, *END]


def test_a_terminal_has_a_line_about_the_node_that_runs(project, monkeypatch):
    project.run()  # the time left is told by the times of an earlier run
    monkeypatch.setenv("TOY", "wait:toy.left.second")
    line = r"\[\d/6 nodes, up to \d+ s left\] toy · left: second, \d+ s"
    output = on_a_terminal(project, "--params", "force=true", until=line)
    shown = [part for part in re.split(r"[\r\n]", output) if part.startswith("[")]
    assert any(part.startswith("[0/6 nodes] compared with their last run") for part in shown)
    assert re.search(line, output)
    assert all(len(part) <= 80 for part in shown)


def test_a_later_run_says_why_nodes_run_and_logs_what_they_load_and_save(project):
    project.run()
    project.path("08_reporting", "test", "left", "second_metrics.json").unlink()
    assert lines(project.run())[:3] == [
        "  toy.left.second: output left.second_metrics missing",
        "toy · left   1/2 nodes TIME",
        "1 nodes run, 5 unchanged.",
    ]
    newest = max(project.folder.joinpath("logs").iterdir())
    text = newest.read_text()
    assert "atelier.incremental.runner: toy.left.second: output left.second_metrics missing" in text
    assert "kedro.io.data_catalog: Saving data to left.second_metrics" in text
    assert "toy.right.first: unchanged" in text


def test_verbose_brings_it_to_the_console_and_is_no_parameter_of_the_run(project):
    output = project.run("--pipeline", "solo", "--params", "force=true,verbose=true")
    assert "Saving data to solo.second_metrics" in output
    command = project.commands("solo")[0].data.tags["kedro_command"]
    assert command == "kedro run --env test --pipeline solo --params force=true"


# Stopped before the report.


def test_a_node_that_fails_leaves_a_report_of_what_has_run(project, monkeypatch):
    monkeypatch.setenv("TOY", "fail:solo.second")
    page = project.path(*PAGE)
    output = project.run("--pipeline", "reported", "--params", "force=true", ok=False)
    told = lines(output)
    assert "solo           2 nodes TIME  failed in solo.second" in told
    assert f"  file:///DATA/{'/'.join(PAGE)}" in told
    assert "The log: logs/FILE" in told
    assert output.splitlines()[-1] == "ZeroDivisionError: planted, password=***"
    assert "<html" in page.read_text(encoding="utf-8")
    newest = project.commands("reported")[0]
    assert newest.info.status == "FAILED"
    assert "report" not in {run.info.run_name for run in project.runs()}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_a_report_and_no_open_run(project, monkeypatch, how):
    monkeypatch.setenv("TOY", "hang:toy.right.second")
    page = project.path(*PAGE)
    page.unlink(missing_ok=True)
    (project.folder / "hangs").unlink(missing_ok=True)
    process = project.start(
        "run", "--env", "test", "--pipeline", "reported", "--params", "force=true"
    )
    wait_until(lambda: (project.folder / "hangs").exists() or process.poll() is not None)
    assert process.poll() is None, process.communicate()[0]
    process.send_signal(how)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "interrupted in toy.right.second" in output
    assert "<html" in page.read_text(encoding="utf-8")
    assert {run.info.status for run in project.runs()} <= {"FINISHED", "FAILED", "KILLED"}
    newest = project.commands("reported")[0]
    assert newest.info.status == "KILLED"
    assert newest.data.tags["atelier.reason"] == "interrupted"


def test_a_report_that_cannot_be_written_hides_no_error(project, monkeypatch):
    monkeypatch.setenv("TOY", "fail:solo.second")
    page = project.path(*PAGE)
    page.unlink(missing_ok=True)
    page.mkdir()  # where the file would be
    output = project.run("--pipeline", "reported", "--params", "force=true", ok=False)
    page.rmdir()
    assert "WARNING: The report was not written" in output
    assert output.splitlines()[-1] == "ZeroDivisionError: planted, password=***"


def test_a_value_of_verbose_that_is_neither_true_nor_false_is_refused(project):
    output = project.run("--params", "verbose=maybe", ok=False)
    assert "Expected --params verbose=true or verbose=false. Received: verbose=maybe" in output
