"""`kedro run` in two processes: what it leaves, and what happens where one of them is stopped."""

import json
import os
import re
import shutil
import signal

import psutil
import pytest
from support import toy
from support.patience import PATIENCE, wait_until
from support.project import Project

pytestmark = pytest.mark.timeout(2400)

TWO, ONE = ("--params", "processes=2"), ("--params", "processes=1")
SAYS_TWO = "Two processes run the nodes"


@pytest.fixture
def project(tmp_path) -> Project:
    """Six nodes of three experiments: the helper begins with ``solo``, the last of them."""
    project = Project(tmp_path / "project")
    shutil.copy(toy.__file__, project.folder / "src" / "atelier" / "pipeline_registry.py")
    return project


def statuses(project) -> dict[str, str]:
    """The status of each run by the name of its experiment; of the command by its own name."""
    return {run.info.run_name: run.info.status for run in project.runs()}


def reasons(project) -> list[list[str]]:
    (command,) = project.commands()
    path = project.client().download_artifacts(command.info.run_id, "reasons.json")
    with open(path, encoding="utf-8") as file:
        return sorted(json.load(file)["data"])


def contents(project) -> dict[str, bytes]:
    paths = project.path("08_reporting").rglob("*_metrics.json")
    return {str(path.relative_to(project.folder)): path.read_bytes() for path in paths}


def start(project, monkeypatch, plan: str, until: str = "hangs"):
    """A run with two processes, at the moment when a node hangs."""
    monkeypatch.setenv("TOY", plan)
    process = project.start("run", "--env", "test", *TWO)
    wait_until(lambda: (project.folder / until).exists() or process.poll() is not None)
    return process


def helpers(process) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "atelier.helper" in child.cmdline()
    ]


def goes_on(project, monkeypatch) -> None:
    """The same command makes the rest; one process suffices to show it."""
    monkeypatch.delenv("TOY")
    project.run(*ONE)
    assert len(contents(project)) == 6
    assert "RUNNING" not in {run.info.status for run in project.runs()}


def test_two_processes_leave_what_one_leaves(project, tmp_path):
    other = Project(tmp_path / "other")
    shutil.copy(toy.__file__, other.folder / "src" / "atelier" / "pipeline_registry.py")
    two, one = project.run(*TWO), other.run(*ONE)
    assert SAYS_TWO in two
    assert SAYS_TWO not in one
    assert contents(project) == contents(other)
    assert len(contents(project)) == 6
    assert statuses(project) == statuses(other)
    assert reasons(project) == reasons(other)
    for name in ("toy · left", "toy · right", "solo"):
        assert len(re.findall(rf"^{name} +2 nodes", two, re.M)) == 1
    (command,) = project.commands()
    children = [run for run in project.runs() if run.info.run_id != command.info.run_id]
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {command.info.run_id}
    assert [run.data.tags["mlflow.note.content"].count("solo") > 0 for run in [command]] == [True]
    text = next((project.folder / "logs").glob("*.log")).read_text()
    assert "solo.first" in text
    assert len(list((project.folder / "logs").iterdir())) == 1


def test_an_unchanged_run_starts_no_second_process(project):
    project.run(*TWO)
    output = project.run(*TWO)
    assert SAYS_TWO not in output
    assert "Nothing to do: 6 nodes unchanged." in output


def test_one_experiment_alone_starts_no_second_process(project):
    assert SAYS_TWO not in project.run("--pipeline", "solo", *TWO)


def test_a_number_of_processes_is_one_or_two(project):
    output = project.run("--params", "processes=3", ok=False)
    assert "Expected processes=1 or processes=2. Received: processes=3" in output


def test_an_error_in_the_second_process_ends_the_run_as_one_in_the_first(project, monkeypatch):
    monkeypatch.setenv("TOY", "fail:solo.first")
    output = project.run(*TWO, ok=False)
    assert "ZeroDivisionError: planted" in output
    assert "failed in solo.first" in output
    found = statuses(project)
    assert (found["solo"], found["toy · left"], found["toy · right"]) == (
        "FAILED", "FINISHED", "FINISHED",
    )  # fmt: skip
    (command,) = project.commands()
    assert command.info.status == "FAILED"
    assert command.data.tags["atelier.reason"].startswith("solo.first: ZeroDivisionError: planted")
    goes_on(project, monkeypatch)


def test_an_error_in_the_first_process_stops_the_second(project, monkeypatch):
    plan = "hang:solo.first,wait:toy.left.second,fail:toy.left.second"
    process = start(project, monkeypatch, plan)
    (project.folder / "goes_on").touch()
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "ZeroDivisionError: planted" in output
    runs = {run.info.run_name: run for run in project.runs()}
    assert runs["toy · left"].info.status == "FAILED"
    assert runs["solo"].info.status == "KILLED"
    assert runs["solo"].data.tags["atelier.reason"] == "toy · left failed"
    goes_on(project, monkeypatch)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_both_processes_and_the_same_command_goes_on(
    project, monkeypatch, number
):
    process = start(project, monkeypatch, "hang:solo.first,wait:toy.left.second")
    children = helpers(process)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert len(children) == 1
    assert not psutil.wait_procs(children, PATIENCE)[1]
    assert set(statuses(project).values()) == {"KILLED"}
    goes_on(project, monkeypatch)


def test_ctrl_c_on_a_terminal_reaches_both_and_interrupts_the_end_of_neither(project, monkeypatch):
    process = start(project, monkeypatch, "hang:solo.first,wait:toy.left.second")
    (child,) = helpers(process)
    os.kill(child.pid, signal.SIGINT)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert set(statuses(project).values()) == {"KILLED"}


def test_the_second_process_ends_where_the_first_is_killed(project, monkeypatch):
    process = start(project, monkeypatch, "hang:solo.first,wait:toy.left.second")
    children = helpers(process)
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert not psutil.wait_procs(children, PATIENCE)[1]
    assert statuses(project)["solo"] == "KILLED"
    goes_on(project, monkeypatch)


def test_where_the_second_process_is_killed_the_run_fails_and_says_so(project, monkeypatch):
    process = start(project, monkeypatch, "hang:solo.first")
    (child,) = helpers(process)
    child.kill()
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "Expected the second process of the run to end after its last step" in output
    (command,) = project.commands()
    assert command.info.status == "FAILED"
    assert statuses(project)["solo"] == "KILLED"
    goes_on(project, monkeypatch)
