"""Runs that are looked for in a store, and a comparison that is stored with one of them."""

import shutil

import mlflow
import pytest
from kedro.io import DatasetError
from support.recorded import examples
from support.stores import tracking_at

from atelier import comparison
from atelier.comparison import ComparisonParams
from atelier.comparison.records import PublishedComparison
from atelier.datasets.mlflow_runs import ComparedRunsDataset, PublishedComparisonDataset

PARAMS = ComparisonParams(resamples=100, seed=0)


@pytest.fixture
def store(tmp_path, empty_store):
    """A client of a store of its own, which is the active one."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    with tracking_at(f"sqlite:///{tmp_path / 'mlflow.db'}") as client:
        experiment = mlflow.create_experiment("one", str(tmp_path / "artifacts"))
        mlflow.set_experiment(experiment_id=experiment)
        yield client


def plant(
    tmp_path, namespace="digits", *, pipeline="train", seed=0, parent=None, status="FINISHED",
    began=None, metrics=None, kept="test",
):  # fmt: skip
    """The id of a run as the project would have left it."""
    client = mlflow.MlflowClient()
    (experiment,) = [item for item in client.search_experiments() if item.name == "one"]
    tags = {"pipeline": pipeline, "namespace": namespace} if pipeline else {}
    tags |= {"mlflow.parentRunId": parent} if parent else {}
    name = f"{pipeline} · {namespace}" if pipeline else "train"
    run = client.create_run(experiment.experiment_id, began, tags, name).info.run_id
    client.log_param(run, "training.seed", seed)
    for metric, value in (metrics or {"test/accuracy": 0.9}).items():
        client.log_metric(run, metric, value)
    path = tmp_path / f"{kept}.parquet"
    examples(seed=seed).to_parquet(path)
    client.log_artifact(run, str(path), "examples")
    if status != "RUNNING":
        client.set_terminated(run, status)
    return run


def load(*runs, **options):
    return ComparedRunsDataset(runs="+".join(runs) or None, **options).load()


def refusal(*runs, **options) -> str:
    with pytest.raises(DatasetError) as caught:
        load(*runs, **options)
    assert "Expected" in str(caught.value)
    return str(caught.value)


def test_runs_are_found_by_the_first_digits_of_their_ids(store, tmp_path):
    first, second = plant(tmp_path), plant(tmp_path, seed=1)
    loaded = load(first[:10], second[:10])
    assert [run.run_id for run in loaded.named] == [first, second]
    (item,) = loaded.experiments
    assert item.title == "train · digits"
    assert [run.parameters["training.seed"] for run in item.runs] == ["0", "1"]
    assert len(item.baseline.examples["test"]) == 400


def test_the_last_two_of_an_experiment_are_compared_the_older_one_first(store, tmp_path):
    runs = [plant(tmp_path, seed=seed, began=1000 + seed) for seed in range(3)]
    plant(tmp_path, "characters", began=5000)
    plant(tmp_path, began=6000, status="FAILED")
    for name in ("train.digits", "train · digits"):
        assert [run.run_id for run in load(experiment=name).named] == runs[1:]


def test_by_default_it_is_the_newest_run_and_the_one_before_it(store, tmp_path):
    digits = [plant(tmp_path, began=1000 + n) for n in range(2)]
    characters = [plant(tmp_path, "characters", began=began) for began in (500, 3000)]
    assert [run.run_id for run in load().named] == characters
    assert digits


def test_commands_are_compared_by_the_experiments_that_both_have(store, tmp_path):
    parents = [plant(tmp_path, pipeline=None, began=n) for n in (1, 2)]
    children = {
        (parent, name): plant(tmp_path, name, parent=parent)
        for parent, names in zip(parents, (["digits", "cells"], ["digits", "plane"]), strict=True)
        for name in names
    }
    loaded = load(*parents)
    (item,) = loaded.experiments
    assert [run.run_id for run in item.runs] == [children[parent, "digits"] for parent in parents]
    assert [run.run_id for run in loaded.named] == parents
    (alone,) = load(parents[0], children[parents[1], "digits"]).experiments
    assert alone.runs[0].run_id == children[parents[0], "digits"]


def test_runs_of_different_experiments_need_a_metric_in_common(store, tmp_path):
    first = plant(tmp_path, "characters", pipeline="calibration")
    second = plant(tmp_path, "overtrained", pipeline="calibration")
    third = plant(
        tmp_path, "plane", pipeline="clustering", metrics={"starts/n": 3.0}, kept="starts"
    )
    (item,) = load(first, second).experiments
    assert item.title == "calibration · characters and calibration · overtrained"
    assert "none in common" in refusal(first, third)


def test_what_cannot_be_compared_is_told_in_words(store, tmp_path):
    run, running = plant(tmp_path), plant(tmp_path, "cells", status="RUNNING")
    deleted = plant(tmp_path, "plane")
    store.delete_run(deleted)
    nowhere = "0" * 12 if not run.startswith("0" * 12) else "1" * 12
    assert "Expected 2 to 10 run ids" in refusal(run)
    assert "one of them twice" in refusal(run, run)
    assert "one of them twice" in refusal(run, run[:12])
    assert "with which no run in the store begins" in refusal(run, nowhere)
    assert f"mlflow runs restore --run-id {deleted}" in refusal(run, deleted)
    assert "whose status is RUNNING" in refusal(run, running)
    assert "Received: one" in refusal(experiment="train.digits")
    assert "Received: one" in refusal()
    assert "one of: train.digits. Received: trian.digits" in refusal(experiment="trian.digits")
    assert "Received: both" in refusal(run, run, experiment="train.digits")


def test_a_pipeline_stands_for_its_experiment_only_if_it_has_one(store, tmp_path):
    runs = [plant(tmp_path, "sweep", pipeline="sweep", began=n) for n in (1, 2)]
    plant(tmp_path, "digits")
    plant(tmp_path, "characters")
    assert [run.run_id for run in load(experiment="sweep").named] == runs
    assert "one of: train.characters, train.digits" in refusal(experiment="train")


def test_an_empty_store_is_told(store):
    assert "no run yet" in refusal()


def publish(loaded, tmp_path):
    metrics, _ = comparison.comparison_tables(loaded, PARAMS)
    links = comparison.link_runs(loaded)
    published = PublishedComparison(loaded.newest, "<p>page</p>", {"metrics": metrics}, links)
    dataset = PublishedComparisonDataset(filepath=str(tmp_path / "published.json"))
    dataset.save(published)
    return dataset.load()


def test_a_comparison_is_stored_with_the_newer_run_and_linked_from_it_once(store, tmp_path):
    first, second = plant(tmp_path, began=1), plant(tmp_path, seed=1, began=2)
    store.set_tag(second, "mlflow.note.content", "A question.")
    for _ in range(2):
        record = publish(load(first, second), tmp_path)
    run = store.get_run(second)
    path = f"/experiments/1/runs/{second}/artifacts/compare/{first[:8]}.html"
    line = f"Comparison: [with train · digits ({first[:8]})](#{path})"
    assert run.data.tags["mlflow.note.content"].strip() == f"A question.\n\n{line}"
    assert run.data.tags["compared_with"] == first
    assert run.info.status == "FINISHED"
    assert record == {"run": second, "page": f"http://127.0.0.1:5000/#{path}"}
    stored = {item.path for item in store.list_artifacts(second, "compare")}
    assert stored == {f"compare/{first[:8]}.html", f"compare/{first[:8]}_metrics.parquet"}
    assert "compared_with" not in store.get_run(first).data.tags


def test_a_later_comparison_does_not_show_an_earlier_one(store, tmp_path):
    first, second = plant(tmp_path, began=1), plant(tmp_path, began=2)
    publish(load(first, second), tmp_path)
    (item,) = load(first, second).experiments
    assert list(item.runs[1].examples) == ["test"]


def test_the_runs_of_a_commands_experiments_link_its_page_too(store, tmp_path):
    parents = [plant(tmp_path, pipeline=None, began=n) for n in (1, 2)]
    children = [
        plant(tmp_path, parent=parent, began=began) for began, parent in enumerate(parents, 1)
    ]
    publish(load(*parents), tmp_path)
    path = f"runs/{parents[1]}/artifacts/compare/{parents[0][:8]}.html), on the page of train"
    assert path in store.get_run(children[1]).data.tags["mlflow.note.content"]
    assert store.get_run(children[1]).data.tags["compared_with"] == children[0]
    assert store.get_run(parents[1]).data.tags["compared_with"] == parents[0]
