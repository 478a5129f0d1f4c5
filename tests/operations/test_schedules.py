"""What runs when, and on what it stands."""

import shutil

import pytest
from kedro.pipeline import Node, Pipeline
from pydantic import ValidationError
from support.fork_server import run_python
from support.project import ROOT

from atelier.hooks.session_run import NODES_RUN
from atelier.operations.lineage import upstream_pipelines
from atelier.operations.plan import plan
from atelier.operations.run_summary import RUN_TAG, summarize_run
from atelier.operations.schedules import Schedule, read_schedules


def step(inputs, outputs):
    return Pipeline([Node(lambda *data: data, inputs, outputs, name=outputs)])


def test_a_pipeline_needs_those_that_make_what_it_reads():
    found = upstream_pipelines({
        "bake": step(["dough", "oven"], "bread"),
        "knead": step("flour", "dough"),
        "sell": step("bread", "money"),
        "rest": step("bed", "sleep"),
    })  # fmt: skip
    assert found == {"bake": ["knead"], "knead": [], "sell": ["bake"], "rest": []}


def test_two_names_of_one_thing_are_one():
    chain = {"write": step("ink", "book_made"), "read": step("book_found", "joy")}
    assert upstream_pipelines(chain)["read"] == []
    assert upstream_pipelines(chain, lambda name: name.split("_")[0])["read"] == ["write"]


def test_the_plan_of_the_project_is_its_registry():
    """What each stands on, by hand: from the catalog's names, not from the code that finds it."""
    found = plan(ROOT)
    needs = {name: set(one["needs"]) for name, one in found["pipelines"].items()}
    assert needs["ingest"] == needs["style_transfer"] == set()
    assert needs["train"] == needs["sweep"] == needs["gradients"] == {"ingest"}
    assert needs["calibration"] == needs["drift"] == {"ingest", "train"}
    assert needs["segmentation"] == {"ingest", "thresholding", "clustering"}
    assert needs["promote"] == {"ingest", "calibration"}  # by the registered model's name
    nightly = found["schedules"]["nightly"]["pipeline"]
    by_name = {"annotation", "compare", "drift", "predict", "promote", "rollback", "segment"}
    assert set(needs) - set(nightly) == by_name


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "either cron or after"),
        ({"cron": "0 2 * *"}, "five fields"),
        ({"cron": "@daily", "after": {"pipeline": "train"}}, "either cron or after"),
        ({"cron": "@daily", "timezone": "Europe/Nowhere"}, "time zone"),
        ({"cron": "@daily", "retries": -1}, "retries"),
        ({"cron": "@daily", "timeout": 0}, "timeout"),
        ({"cron": "@daily", "retry": 1}, "retry"),
        ({"cron": "@daily", "parameters": {"digits.hidden": "1,2"}}, "without a comma"),
        ({"cron": "@daily", "pipeline": "trian"}, "Received: 'trian'"),
        ({"after": {"pipeline": "trian"}}, "Received: 'trian'"),
        ({"after": {"pipeline": "train", "metric": "digits.test.accuracy"}}, "NAME/METRIC"),
        ({"cron": "@daily", "environment": "fuul"}, "Received: 'fuul'"),
    ],
)
def test_a_wrong_schedule_is_refused(wrong, words):
    written = {"nightly": {"pipeline": "train"} | wrong}
    with pytest.raises(ValueError, match=words):
        read_schedules(written, {"train": None}, {"base"})


def test_a_schedule_is_frozen_and_one_pipeline_is_a_list_of_one():
    one = Schedule(pipeline="train", cron="@daily")
    assert one.pipeline == ("train",)
    with pytest.raises(ValidationError):
        one.cron = "@hourly"


def test_a_bad_schedule_stops_the_command_before_anything_starts(fresh):
    path = fresh.folder / "conf" / "base" / "schedules.yml"
    path.write_text("nightly: {pipeline: trian, cron: '@daily'}\n")
    ended = run_python("-m", "atelier.operations.serve", cwd=fresh.folder, env=fresh.environment)
    assert ended.returncode == 1
    assert "schedules.yml" in ended.stderr
    assert "'trian'" in ended.stderr


@pytest.fixture
def client(tmp_path, empty_store):
    """A client of a store of its own."""
    from mlflow import MlflowClient

    shutil.copy(empty_store, tmp_path)
    return MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")


def test_the_summary_is_of_the_marked_command_and_the_main_metrics_of_its_experiments(client):
    """MLflow sets the scheduler's tags on every run of the process."""
    experiment = client.create_experiment("one")
    marked = {RUN_TAG: "7/train"}
    parent = client.create_run(experiment, tags=marked, start_time=1)
    for namespace, accuracy in (("digits", 0.9), ("characters", 0.8)):
        tags = marked | {"pipeline": "train", "namespace": namespace}
        child = client.create_run(experiment, tags=tags, start_time=1)
        client.log_metric(child.info.run_id, "test/accuracy", accuracy)
        client.log_metric(child.info.run_id, "test_of_old/accuracy", 0.5)
        client.log_metric(child.info.run_id, "train/loss", 3.0)
    names = {"digits.test", "characters.test"}
    assert summarize_run(client, experiment, "7/train", "train", names) == {
        "run_id": parent.info.run_id,
        "metrics": {"characters.test/accuracy": 0.8, "digits.test/accuracy": 0.9},
    }
    assert summarize_run(client, experiment, "8/train", "train", names) == {}


def test_the_summary_of_an_unchanged_command_has_the_metrics_of_the_last_runs(client):
    experiment = client.create_experiment("one")
    for start, pipeline, accuracy, status in (
        (1, "train", 0.7, "FINISHED"),
        (2, "train", 0.9, "FINISHED"),
        (3, "train", 0.1, "FAILED"),
        (4, "drift", 0.2, "FINISHED"),
    ):
        tags = {"pipeline": pipeline, "namespace": "digits"}
        run = client.create_run(experiment, tags=tags, start_time=start)
        client.log_metric(run.info.run_id, "test/accuracy", accuracy)
        client.set_terminated(run.info.run_id, status)
    command = client.create_run(experiment, tags={RUN_TAG: "9/train", NODES_RUN: "0"})
    assert summarize_run(client, experiment, "9/train", "train", {"digits.test"}) == {
        "run_id": command.info.run_id,
        "metrics": {"digits.test/accuracy": 0.9},
        "unchanged": True,
    }
