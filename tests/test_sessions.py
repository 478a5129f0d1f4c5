"""Sessions as a notebook or a service has them: many in one process, some refused, some stopped."""

import contextlib
import json
import signal
import sqlite3
import time

import pytest

pytestmark = pytest.mark.timeout(1800)

PROGRAM = """
import json, sys
from pathlib import Path
import mlflow
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.runner import ParallelRunner, SequentialRunner, ThreadRunner

PROJECT = Path.cwd()
bootstrap_project(PROJECT)
said = {}


def session(names=("thresholding",), runner=None, **parameters):
    space = ["thresholding.picture"] if "thresholding" in names else None
    given = {"picture": {"otsu": parameters}} if parameters else None
    with KedroSession.create(PROJECT, env="test", runtime_params=given) as one:
        one.run(pipeline_names=list(names), namespaces=space, runner=runner)
    assert mlflow.active_run() is None or mlflow.active_run().info.run_name == "mine"


class Interrupted(SequentialRunner):
    def _run(self, *_, **__):
        raise KeyboardInterrupt


class Failing(SequentialRunner):
    def _run(self, *_, **__):
        raise ZeroDivisionError


class Mine(SequentialRunner):
    pass


for runner in (ThreadRunner(), ParallelRunner(), SequentialRunner(is_async=True)):
    try:
        session(runner=runner)
    except ValueError as error:
        said[type(runner).__name__] = str(error)
said["written"] = [str(path) for name in ("data", "mlflow.db", "mlruns")
                   for path in [PROJECT / name] if path.exists()]

session(resamples=20)
session(resamples=21, runner=Mine())
try:
    session(resamples=22, runner=Failing())
except ZeroDivisionError:
    pass
try:
    session(resamples=23, runner=Interrupted())
except KeyboardInterrupt:
    pass
session(resamples=24)
with mlflow.start_run(run_name="mine") as mine:
    session(resamples=25)
    session(resamples=26)
    mlflow.log_metric("mine", 1)
said["mine"] = mine.info.run_id
session(names=["report"])
page = PROJECT / "data/08_reporting/test/report.html"
said["page"] = page.read_text("utf-8")
(written,) = mlflow.search_runs(
    search_all_experiments=True, filter_string="params.`otsu.resamples` = '26'"
)["run_id"]
said["written by"] = written
mlflow.delete_run(written)
session(names=["report"])
said["page without the run"] = page.read_text("utf-8")
Path("said.json").write_text(json.dumps(said))
try:
    session(resamples=27, runner=Interrupted())
except KeyboardInterrupt:
    pass
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    from support.project import Project

    project = Project(tmp_path_factory.mktemp("sessions"))
    project.output = project.python("-c", PROGRAM)
    project.said = json.loads((project.folder / "said.json").read_text())
    project.then = project.runs()  # other tests add runs
    return project


def by_resamples(project):
    """The sessions' runs of the experiment by the parameter that tells them apart."""
    runs = [run for run in project.then if "otsu.resamples" in run.data.params]
    return {run.data.params["otsu.resamples"]: run for run in runs}


def commands(project):
    """The sessions' own runs by their ids."""
    runs = [run for run in project.then if run.info.run_name == "thresholding"]
    return {run.info.run_id: run for run in runs}


def test_runners_with_threads_are_refused_before_anything_is_written(project):
    for name in ("ThreadRunner", "ParallelRunner", "SequentialRunner"):
        assert "Expected a runner that runs one node after the other" in project.said[name]
    assert project.said["written"] == []


def test_nobody_is_told_to_use_async(project):
    assert "--async" not in project.output


def test_each_session_has_a_run_of_its_own_that_ends_as_the_session_did(project):
    runs = by_resamples(project)
    assert set(runs) == {"20", "21", "24", "25"}  # 26 is deleted; the others came to no node
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert {run.info.run_name for run in runs.values()} == {
        f"thresholding · picture · resamples {number}" for number in runs
    }
    statuses = sorted(run.info.status for run in commands(project).values())
    assert statuses == ["FAILED", *["FINISHED"] * 5, "KILLED", "KILLED"]


def test_the_users_own_run_is_the_grandparent_and_goes_on(project):
    mine = project.client().get_run(project.said["mine"])
    assert mine.info.status == "FINISHED"
    assert mine.data.metrics == {"mine": 1}
    assert mine.data.params == {}
    parents = {
        number: commands(project)[run.data.tags["mlflow.parentRunId"]]
        for number, run in by_resamples(project).items()
    }
    assert parents["25"].data.tags["mlflow.parentRunId"] == mine.info.run_id
    assert "mlflow.parentRunId" not in parents["24"].data.tags


def test_the_report_names_the_run_that_wrote_the_numbers(project):
    written = project.said["written by"]
    section = project.said["page"].partition('<section id="thresholding"')[2]
    section = section.partition("</section>")[0]
    assert f'/runs/{written}"' in section
    assert "<code>26</code>" in section
    assert section.count("/runs/") == 1


def test_a_run_that_is_deleted_stands_in_the_report_without_a_link(project):
    page = project.said["page without the run"]
    assert f"/runs/{project.said['written by']}" not in page
    assert f"<code>{project.said['written by'][:8]}</code>, which MLflow no longer has" in page


PICTURE = ("--pipeline", "thresholding", "--namespaces", "picture")


def test_with_all_there_nothing_is_done_and_the_report_is_the_same(project, monkeypatch):
    """Without git on the path as well, which is no reason for a warning."""
    monkeypatch.setenv("PATH", "")
    output = project.run(*PICTURE, "--only-missing-outputs")
    assert "Nothing to do" in output
    assert "git" not in output.lower()
    empty = project.runs()[0]
    assert not any("git" in tag for tag in empty.data.tags)
    record = project.path("08_reporting/test/picture/.otsu_metrics.json.origin.json")
    writer = json.loads(record.read_text())["origin"]["writer"]["run_id"]
    project.run("--pipeline", "report")
    page = project.path("08_reporting/test/report.html").read_text("utf-8")
    assert f"<code>{writer[:8]}</code>" in page
    assert empty.info.run_id[:8] not in page
    record.unlink()
    project.run("--pipeline", "report")
    page = project.path("08_reporting/test/report.html").read_text("utf-8")
    assert "Unknown run" in page


def ids(project):
    """The ids of all runs in the store, read in less time than a run needs to end."""
    with contextlib.closing(sqlite3.connect(project.folder / "mlflow.db")) as store:
        return {name for (name,) in store.execute("select run_uuid from runs")}


def wait_for_a_run(project, process, known):
    """The id of the run that a process has just begun."""
    while process.poll() is None:
        begun = ids(project) - known
        if begun:
            return begun.pop()
        time.sleep(0.01)
    raise AssertionError(process.communicate()[0])


def killed_at_its_first_moment(project):
    """The id of a run whose process was killed before its end, at the first attempt as a rule."""
    while True:
        known = ids(project)
        process = project.start("run", "--env", "test", *PICTURE, "--params", "force=true")
        run_id = wait_for_a_run(project, process, known)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if project.client().get_run(run_id).info.status == "RUNNING":
            return run_id


def locked_at_its_first_moment(project):
    """A process, the id of its run, and what locks the store since before that run's end."""
    while True:
        known = ids(project)
        process = project.start("run", "--env", "test", *PICTURE, "--params", "force=true")
        run_id = wait_for_a_run(project, process, known)
        holder = sqlite3.connect(project.folder / "mlflow.db", isolation_level=None, timeout=60)
        holder.execute("BEGIN EXCLUSIVE")
        status = holder.execute("select status from runs where run_uuid = ?", [run_id])
        if status.fetchone() == ("RUNNING",):
            return process, run_id, holder
        holder.close()
        process.communicate()


def test_killed_at_its_first_moment_it_is_marked_and_a_locked_store_is_waited_for(project):
    killed = killed_at_its_first_moment(project)
    process, after, holder = locked_at_its_first_moment(project)
    time.sleep(40)  # longer than MLflow waits
    holder.execute("COMMIT")
    holder.close()
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert "Another process locks the MLflow store: waiting" in output
    assert project.client().get_run(after).info.status == "FINISHED"
    finished = project.experiments("thresholding", "picture")[0]
    assert finished.data.tags["mlflow.parentRunId"] == after
    assert finished.info.status == "FINISHED"
    assert "otsu/threshold" in finished.data.metrics
    assert project.client().get_run(killed).info.status == "KILLED"
