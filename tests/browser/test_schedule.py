"""The scheduler for real: its daemon ticks, a killed run is tried again, its page shows it."""

import datetime as dt
import itertools
import json
import shutil
import threading
import urllib.request
from typing import Any

import psutil
import pytest
import yaml
from support.patience import PATIENCE, wait_until
from support.project import ROOT, Project
from support.servers import free_port, serve

DAGSTER = ROOT / "orchestration" / ".venv"
RUNS = """{runsOrError {... on Runs {results {
    runId jobName status startTime endTime parentRunId
    assetMaterializations {label metadataEntries {
        label ... on UrlMetadataEntry {url} ... on FloatMetadataEntry {floatValue}
        ... on TextMetadataEntry {text}
    }}
    eventConnection {events {
        ... on ExecutionStepFailureEvent {error {message}}
    }}
}}}}"""


def schedules(minute: int) -> dict:
    """One that ticks every minute, and in one minute: two that fail, one that is killed.

    That minute comes again a quarter of an hour later, for a machine that starts too slowly.
    """
    minutes = ",".join(str((minute + later) % 60) for later in (0, 15, 30, 45))
    once, test = f"{minutes} * * * *", {"environment": "test"}
    missing = {"style": "/nowhere.png"}
    followed = {"pipeline": "thresholding", "metric": "picture.otsu/pixels"}
    return {
        "minutely": {"pipeline": "thresholding", "cron": "* * * * *"} | test,
        "forced": {"pipeline": "thresholding", "cron": once, "parameters": {"force": True}} | test,
        "killed": {"pipeline": ["ingest", "clustering"], "cron": once, "retries": 1} | test,
        "broken": {"pipeline": "style_transfer", "cron": once, "retries": 1, "parameters": missing}
        | test,
        "late": {"pipeline": "dropout", "cron": once, "timeout": 1} | test,
        "follows": {"pipeline": "gradients", "after": followed | {"above": 1}} | test,
        "waits": {"pipeline": "gradients", "after": followed | {"above": 1e9}} | test,
    }


class Scheduler:
    """A scheduler that runs, asked through its page's own interface."""

    def __init__(self, project: Project, port: int) -> None:
        self.project = project
        self.address = f"http://127.0.0.1:{port}"

    def runs(self, job: str) -> list[dict]:
        """The runs of a job, oldest first."""
        asked = json.dumps({"query": RUNS}).encode()
        request = urllib.request.Request(
            f"{self.address}/graphql", asked, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            found = json.load(answer)["data"]["runsOrError"]["results"]
        return [run for run in reversed(found) if run["jobName"] == job]

    def ended(self, job: str, count: int) -> list[dict]:
        """The first ``count`` runs of a job, once they have ended."""

        def ended() -> list[dict] | None:
            runs = self.runs(job)[:count]
            whole = sum(run["status"] in {"SUCCESS", "FAILURE"} for run in runs) == count
            return runs if whole else None

        return wait_until(ended, every=0.5)

    def kill(self, pipeline: str) -> None:
        """Kill -9 the next `kedro run` of a pipeline, whichever test is the first to look."""

        def running() -> psutil.Process | None:
            for process in psutil.process_iter(["cmdline", "cwd"]):
                line, folder = process.info["cmdline"] or [], process.info["cwd"]
                if {"kedro", pipeline} <= set(line) and folder == str(self.project.folder):
                    return process
            return None

        wait_until(running, every=0.1).kill()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory, finished):
    if not DAGSTER.exists():
        pytest.skip("needs the scheduler's environment: make test makes it")
    project = Project(tmp_path_factory.mktemp("scheduled"))
    shutil.copytree(finished.path("03_primary"), project.path("03_primary"))
    ours = project.folder / "orchestration"
    shutil.copytree(
        ROOT / "orchestration", ours, ignore=shutil.ignore_patterns(".venv", "home", "*cache*")
    )
    (ours / ".venv").symlink_to(DAGSTER)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=120)
    written = yaml.safe_dump(schedules(soon.minute))
    (project.folder / "conf" / "base" / "schedules.yml").write_text(written)
    port = free_port()
    one = Scheduler(project, port)
    health = f"{one.address}/server_info"
    killer = threading.Thread(target=one.kill, args=("clustering",), daemon=True)
    for _ in serve(project, "atelier.operations.serve", str(port), health=health):
        killer.start()
        yield one


def test_a_killed_run_is_tried_again_and_goes_on_where_it_stopped(scheduler):
    first, second = scheduler.ended("killed", 2)
    assert (first["status"], second["status"]) == ("FAILURE", "SUCCESS")
    assert second["parentRunId"] == first["runId"]
    assert errors(first) == ["dagster._core.definitions.events.Failure: killed by SIGKILL"]
    made = [[one["label"] for one in run["assetMaterializations"]] for run in (first, second)]
    assert made == [["ingest"], ["clustering"]]


def errors(run: dict) -> list[str]:
    """What its failed steps said, without the stack."""
    events = run["eventConnection"]["events"]
    return [event["error"]["message"].split("\n")[0].strip() for event in events if event]


def test_a_run_that_cannot_succeed_ends_in_a_failure_with_its_last_error(scheduler):
    runs = scheduler.ended("broken", 2)
    assert [run["status"] for run in runs] == ["FAILURE", "FAILURE"]
    for run in runs:
        assert "FileNotFoundError: Expected a file" in errors(run)[0]
        assert "/nowhere.png" in errors(run)[0]


def test_a_run_that_takes_too_long_is_ended(scheduler):
    (run,) = scheduler.ended("late", 1)
    assert run["status"] == "FAILURE"
    assert "Expected to end within 1 s" in errors(run)[0]


def test_a_tick_is_a_run_in_mlflow_whose_metrics_the_asset_shows(scheduler):
    (run,) = scheduler.ended("forced", 1)
    shown, command = shown_and_logged(scheduler.project, run)
    assert "unchanged" not in shown
    for namespace, metric in (("picture", "otsu/threshold"), ("cells", "otsu/f1")):
        (child,) = of_tick(scheduler.project.experiments("thresholding", namespace), run)
        assert child.data.tags["mlflow.parentRunId"] == command.info.run_id
        value = shown[f"{namespace}.{metric}"]["floatValue"]
        assert value == child.data.metrics[metric]


def test_a_tick_without_a_change_says_so(scheduler):
    *_, run = scheduler.ended("minutely", 2)
    shown, command = shown_and_logged(scheduler.project, run)
    assert "no node ran" in shown["unchanged"]["text"]
    assert shown["picture.otsu/threshold"]["floatValue"] > 0  # of the last run
    (only,) = of_tick(scheduler.project.runs(), run)  # and no experiment's
    assert only.info.run_id == command.info.run_id


def shown_and_logged(project: Project, tick: dict) -> tuple[dict, Any]:
    """What the asset shows of a tick that succeeded, and the run in MLflow of its command."""
    assert tick["status"] == "SUCCESS"
    (asset,) = tick["assetMaterializations"]
    shown = {entry["label"]: entry for entry in asset["metadataEntries"]}
    (command,) = of_tick(project.commands("thresholding"), tick)
    assert shown["MLflow"]["url"].endswith(f"/runs/{command.info.run_id}")
    return shown, command


def of_tick(runs, tick: dict) -> list:
    """The runs in MLflow of a run of the scheduler's."""
    return [run for run in runs if run.data.tags["dagster.run_id"] == tick["runId"]]


def test_two_schedules_never_run_one_pipeline_at_once(scheduler):
    scheduler.ended("forced", 1)
    scheduler.ended("minutely", 2)
    spans = sorted(
        (run.info.start_time, run.info.end_time)
        for run in scheduler.project.commands("thresholding")
        if run.info.end_time
    )
    assert len(spans) >= 3
    for (_, end), (start, _) in itertools.pairwise(spans):
        assert end <= start


def test_a_pipeline_follows_another_only_above_its_threshold(scheduler):
    (run,) = scheduler.ended("follows", 1)
    assert run["status"] == "SUCCESS"
    assert scheduler.runs("waits") == []


def test_its_page_shows_the_graph_the_metrics_and_the_failure(scheduler, page):
    page.goto(f"{scheduler.address}/assets/thresholding")
    page.get_by_text("picture.otsu/threshold").first.wait_for()
    page.screenshot(path=scheduler.project.folder / "asset.png")
    (run, *_) = scheduler.ended("broken", 2)
    page.goto(f"{scheduler.address}/runs/{run['runId']}")
    page.get_by_text("FileNotFoundError").first.wait_for()
    page.screenshot(path=scheduler.project.folder / "failure.png")
