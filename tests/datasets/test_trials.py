"""Interactive plots, a study's chunks and runs, as the catalog keeps them."""

import json

import mlflow
import pandas as pd
import plotly.graph_objects as go
import pytest
from kedro.io import DatasetError

from atelier.datasets.member_runs import MemberRunsDataset
from atelier.datasets.plot import PlotDataset
from atelier.datasets.sinks import ChunkStoreDataset
from atelier.storage.processes import PROCESS, this_process


def test_a_plot_is_one_page_that_asks_for_nothing_and_comes_back(tmp_path):
    dataset = PlotDataset(filepath=str(tmp_path / "rates.html"))
    assert not dataset.exists()
    dataset.save(go.Figure(go.Scatter(x=[1, 2], y=[3.5, 4])))
    assert dataset.exists()
    page = (tmp_path / "rates.html").read_text(encoding="utf-8")
    assert "<script src=" not in page
    assert list(dataset.load().data[0].y) == [3.5, 4]
    assert dataset.preview() == json.loads(dataset.load().to_json())


ROWS = pd.DataFrame(
    {
        "optimizer": ["adam", "sgd"],
        "dropout": [0.0, 0.5],
        "learning_rate": [1e-3, 0.1],
        "seed": [0, 0],
        "test_accuracy": [0.9, 0.8],
        "diverged": [False, True],
        "timing_device": ["cpu", "cpu"],
    }
)


def test_members_become_finished_runs_under_the_one_that_is_active(run, tmp_path):
    names = {"test_accuracy": "test/accuracy"}
    dataset = MemberRunsDataset(filepath=str(tmp_path / "new" / "members.json"), names=names)
    assert not dataset.exists()
    dataset.save(ROWS)
    assert dataset.exists()  # so that --only-missing-outputs logs them once
    client = mlflow.MlflowClient()
    query = f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    found = client.search_runs([run.info.experiment_id], query, order_by=["start_time"])
    by_optimizer = {one.data.params["optimizer"]: one for one in found}
    assert set(by_optimizer) == {"adam", "sgd"}
    assert by_optimizer["sgd"].data.params["learning_rate"] == "0.1"
    assert by_optimizer["sgd"].data.metrics == {"test/accuracy": 0.8, "diverged": 1.0}
    assert {one.info.status for one in found} == {"FINISHED"}
    record = json.loads((tmp_path / "new" / "members.json").read_text())
    assert record["parent"] == run.info.run_id
    assert set(record["runs"]) == {one.info.run_id for one in found}
    assert dataset.load() == record


def test_a_killed_members_process_is_known_from_its_first_moment(run, tmp_path, monkeypatch):
    def die(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", die)
    with pytest.raises(KeyboardInterrupt):
        MemberRunsDataset(filepath=str(tmp_path / "members.json")).save(ROWS)
    query = f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    (member,) = mlflow.MlflowClient().search_runs([run.info.experiment_id], query)
    assert member.info.status == "RUNNING"
    assert member.data.tags[PROCESS] == this_process()
    assert not (tmp_path / "members.json").exists()


def test_members_without_an_active_run_are_logged_nowhere(tmp_path):
    dataset = MemberRunsDataset(filepath=str(tmp_path / "members.json"))
    dataset.save(ROWS)
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="No such file"):
        dataset.load()


def test_a_chunk_store_is_written_to_while_a_node_runs_and_never_saved(tmp_path):
    dataset = ChunkStoreDataset(filepath=str(tmp_path / "trials"))
    study = dataset.load().open({"rates": 1}, {})
    study.write(0, ROWS)
    assert study.finished() == {0}
    pd.testing.assert_frame_equal(study.read(0), ROWS)
    with pytest.raises(DatasetError, match="to be loaded only"):
        dataset.save({})
