"""The scheduler for real: its daemon ticks, a killed run is tried again, its page shows it.

One schedule ticks every minute. The jobs of the others begin as by the button of the page, so that
no test waits for a time of the day.
"""

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
    runId jobName status parentRunId tags {key value}
    assetMaterializations {label metadataEntries {
        label ... on UrlMetadataEntry {url} ... on FloatMetadataEntry {floatValue}
        ... on TextMetadataEntry {text}
    }}
    eventConnection {events {
        ... on ExecutionStepFailureEvent {error {message}}
    }}
}}}}"""


CONFIGURATION = """query($job: PipelineSelector!) {runConfigSchemaOrError(selector: $job) {
    ... on RunConfigSchema {rootDefaultYaml}
}}"""
LAUNCH = """mutation($of: ExecutionParams!) {launchRun(executionParams: $of) {
    __typename ... on LaunchRunSuccess {run {runId}}
}}"""
TICK = {"key": "dagster/schedule_name", "value": "minutely_schedule"}
WHERE = {"repositoryName": "__repository__", "repositoryLocationName": "atelier"}


def schedules() -> dict:
    """One that ticks every minute, two that fail, one that is killed, two that follow."""
    yearly, test = "0 0 29 2 *", {"environment": "test"}
    missing = {"style": "/nowhere.png"}
    followed = {"pipeline": "thresholding", "metric": "picture.otsu/pixels"}
    return {
        "minutely": {"pipeline": "thresholding", "cron": "* * * * *"} | test,
        "forced": {"pipeline": "thresholding", "cron": yearly, "parameters": {"force": True}}
        | test,
        "killed": {"pipeline": ["ingest", "clustering"], "cron": yearly, "retries": 1} | test,
        "broken": {
            "pipeline": "style_transfer", "cron": yearly, "retries": 1, "parameters": missing
        } | test,
        "late": {"pipeline": "dropout", "cron": yearly, "timeout": 1} | test,
        "follows": {"pipeline": "gradients", "after": followed | {"above": 1}} | test,
        "waits": {"pipeline": "gradients", "after": followed | {"above": 1e9}} | test,
    }  # fmt: skip


class Scheduler:
    """A scheduler that runs, asked through its page's own interface."""

    def __init__(self, project: Project, port: int) -> None:
        self.project = project
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer of its page to a query or a mutation of one field."""
        asked = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.address}/graphql", asked, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            (field,) = json.load(answer)["data"].values()
        return field

    def launch(self, job: str) -> None:
        """Begins a run of a job with the configuration that its page offers."""
        offered = self.ask(CONFIGURATION, job=WHERE | {"pipelineName": job})
        wanted = {"selector": WHERE | {"jobName": job}, "runConfigData": offered["rootDefaultYaml"]}
        launched = self.ask(LAUNCH, of=wanted)
        assert launched["__typename"] == "LaunchRunSuccess", launched

    def runs(self, job: str) -> list[dict]:
        """The runs of a job, oldest first."""
        found = self.ask(RUNS)["results"]
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
def scheduler(tmp_path_factory):
    if not DAGSTER.exists():
        pytest.skip("needs the scheduler's environment: make test makes it")
    project = Project(tmp_path_factory.mktemp("scheduled"))
    project.run("--pipeline", "ingest")
    ours = project.folder / "orchestration"
    shutil.copytree(
        ROOT / "orchestration", ours, ignore=shutil.ignore_patterns(".venv", "home", "*cache*")
    )
    (ours / ".venv").symlink_to(DAGSTER)
    (project.folder / "conf" / "base" / "schedules.yml").write_text(yaml.safe_dump(schedules()))
    port = free_port()
    one = Scheduler(project, port)
    health = f"{one.address}/server_info"
    killer = threading.Thread(target=one.kill, args=("clustering",), daemon=True)
    for _ in serve(project, "atelier.operations.serve", str(port), health=health):
        killer.start()
        for job in ("killed", "broken", "forced", "minutely", "late"):
            one.launch(job)
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


def test_a_run_is_a_run_in_mlflow_whose_metrics_the_asset_shows(scheduler):
    (run,) = scheduler.ended("forced", 1)
    shown, command = shown_and_logged(scheduler.project, run)
    assert "unchanged" not in shown
    for namespace, metric in (("picture", "otsu/threshold"), ("cells", "otsu/f1")):
        (child,) = of_run(scheduler.project.experiments("thresholding", namespace), run)
        assert child.data.tags["mlflow.parentRunId"] == command.info.run_id
        value = shown[f"{namespace}.{metric}"]["floatValue"]
        assert value == child.data.metrics[metric]


def test_a_tick_without_a_change_says_so(scheduler):
    runs = scheduler.ended("minutely", 2)
    assert any(TICK in run["tags"] for run in runs)
    run = runs[-1]
    shown, command = shown_and_logged(scheduler.project, run)
    assert "no node ran" in shown["unchanged"]["text"]
    assert shown["picture.otsu/threshold"]["floatValue"] > 0  # of the last run
    (only,) = of_run(scheduler.project.runs(), run)  # and no experiment's
    assert only.info.run_id == command.info.run_id


def shown_and_logged(project: Project, run: dict) -> tuple[dict, Any]:
    """What the asset shows of a run that succeeded, and the run in MLflow of its command."""
    assert run["status"] == "SUCCESS"
    (asset,) = run["assetMaterializations"]
    shown = {entry["label"]: entry for entry in asset["metadataEntries"]}
    (command,) = of_run(project.commands("thresholding"), run)
    assert shown["MLflow"]["url"].endswith(f"/runs/{command.info.run_id}")
    return shown, command


def of_run(logged, run: dict) -> list:
    """The runs in MLflow of a run of the scheduler's."""
    return [one for one in logged if one.data.tags.get("dagster.run_id") == run["runId"]]


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
