"""Descriptions and tags of runs as hooks write them to a store."""

import re
import threading

import mlflow
import numpy as np
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Node
from kedro_datasets.yaml import YAMLDataset
from PIL import Image

from atelier.datasets.figure import FigureDataset
from atelier.datasets.picture import PictureDataset
from atelier.datasets.tracked import ProvenanceDataset
from atelier.hooks.descriptions import NOTE, RunDescriptions
from atelier.hooks.experiment_runs import Experiment
from atelier.hooks.interruption import PROCESS_ENDED, KilledRunHooks
from atelier.hooks.peak_memory import PeakMemory
from atelier.report.descriptions import is_signed
from atelier.storage.origins import Origin, Writer, write_origin
from atelier.storage.processes import PROCESS, this_process

WEIGH = Experiment("weigh", "shop")
TEXTS = """\
- pipeline: weigh
  title: Weighing
  question: How heavy?
  source: Archimedes
  measures:
    - {of: shop.weight_metrics, value: right, label: right answers, unit: "%"}
  pictures:
    - {of: shop.scale_figure, caption: "The scale."}
"""
METRICS = {"right": 0.9, "right_low": 0.8, "right_high": 0.95, "n": 1000}


def node(name: str, inputs=(), outputs=("shop.x",)) -> Node:
    return Node(lambda *_: 1, list(inputs), list(outputs), name=name, namespace="weigh.shop")


@pytest.fixture
def catalog(tmp_path) -> DataCatalog:
    (tmp_path / "experiments.yml").write_text(TEXTS)
    Image.fromarray(np.zeros((300, 2000, 3), np.uint8)).save(tmp_path / "scale.png")
    return DataCatalog(
        {
            "report.experiments": YAMLDataset(filepath=str(tmp_path / "experiments.yml")),
            "shop.scale_figure": FigureDataset(filepath=str(tmp_path / "scale.png")),
            "shop.weight_metrics": MemoryDataset(),
            "shop.image": PictureDataset(source="coins"),
            "shop.provenance": ProvenanceDataset(
                filepath=str(tmp_path / "provenance.json"), prefix="shop"
            ),
        }
    )


@pytest.fixture
def descriptions(run, catalog) -> RunDescriptions:
    hooks = RunDescriptions()
    hooks.before_pipeline_run(catalog)
    yield hooks
    hooks._memory.stop()


def weigh(descriptions: RunDescriptions, inputs=()) -> None:
    """What a node of the experiment tells the hooks when it reads, makes numbers and a figure."""
    scale = node("fit", inputs, ["shop.weight_metrics", "shop.scale_figure"])
    descriptions.before_dataset_loaded(scale)
    descriptions.before_node_run(scale)
    descriptions.after_dataset_saved("shop.weight_metrics", METRICS, scale)
    descriptions.after_dataset_saved("shop.scale_figure", object(), scale)


def described(run, descriptions, status="FINISHED", experiment=WEIGH) -> dict[str, str]:
    """The tags of the run after its description."""
    descriptions.describe_experiment(experiment, run.info.run_id, status, 12.34)
    return mlflow.MlflowClient().get_run(run.info.run_id).data.tags


def test_a_run_gets_the_tags_of_the_tables_columns(run, descriptions):
    weigh(descriptions)
    tags = described(run, descriptions)
    assert tags["headline"] == "right answers 90.00 %"
    assert tags["interval"] == "80.00 … 95.00"
    assert tags["duration"] == "12.3 s"
    assert re.fullmatch(r"\d+\.\d\d GB", tags["peak_memory"])
    assert "data" not in tags
    assert "digest" not in tags


def test_its_figure_is_an_artifact_as_wide_as_a_page(run, descriptions):
    weigh(descriptions)
    note = described(run, descriptions)[NOTE]
    assert f"get-artifact?path=description.png&run_uuid={run.info.run_id}" in note
    path = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/description.png")
    with Image.open(path) as image:
        assert image.size == (900, 135)


def test_its_data_have_name_digest_and_the_run_that_made_them(run, descriptions, catalog, tmp_path):
    with mlflow.start_run(nested=True, run_name="ingest · shop") as ingest:
        pass
    catalog["shop.provenance"].save({"name": "tea", "digest": "0123456789abcdef"})
    writer = Writer(run_id=ingest.info.run_id, began="2026-01-01T00:00:00", command="kedro run")
    write_origin(tmp_path / "provenance.json", Origin(writer=writer))
    weigh(descriptions, ["shop.provenance"])
    tags = described(run, descriptions)
    assert (tags["data"], tags["digest"]) == ("tea", "0123456789abcdef")
    page = f"#/experiments/{run.info.experiment_id}/runs/{ingest.info.run_id}"
    assert f"[tea, digest 0123456789ab]({page})" in tags[NOTE]
    assert f"Computed from: [ingest · shop]({page})" in tags[NOTE]


def test_the_data_of_a_picture_are_its_source(run, descriptions):
    weigh(descriptions, ["shop.image"])
    assert described(run, descriptions)["data"] == "coins"


def test_a_run_that_mlflow_has_deleted_is_not_linked(run, descriptions, catalog, tmp_path):
    catalog["shop.provenance"].save({"name": "tea", "digest": "01"})
    writer = Writer(run_id="f" * 32, began="2026-01-01T00:00:00", command="kedro run")
    write_origin(tmp_path / "provenance.json", Origin(writer=writer))
    weigh(descriptions, ["shop.provenance"])
    assert "Data: tea, digest 01\n" in described(run, descriptions)[NOTE]


def test_a_persons_description_stays_and_an_own_one_is_renewed(run, descriptions):
    weigh(descriptions)
    first = described(run, descriptions)[NOTE]
    mlflow.set_tag(NOTE, first.replace("How heavy?", "Why so heavy?"))
    assert "Why so heavy?" in described(run, descriptions)[NOTE]
    mlflow.set_tag(NOTE, first)
    descriptions.describe_experiment(WEIGH, run.info.run_id, "FINISHED", 99.0)
    renewed = mlflow.MlflowClient().get_run(run.info.run_id).data.tags[NOTE]
    assert "99.0 s" in renewed
    assert is_signed(renewed)


def test_the_failed_run_has_the_error_and_others_its_node(run, descriptions):
    weigh(descriptions)
    descriptions.on_pipeline_error(ValueError("no scale, password=secret"))
    failed = described(run, descriptions, "FAILED")[NOTE]
    assert "Failed in weigh.shop.fit" in failed
    assert "ValueError: no scale, password=***" in failed
    assert "right answers 90.00 %" in failed
    other = described(run, descriptions, "KILLED")[NOTE]
    assert "Stopped before its last node: weigh.shop.fit failed" in other
    assert "no scale" not in other


def test_an_interrupted_run_says_where(run, descriptions):
    weigh(descriptions)
    assert "Interrupted while weigh.shop.fit ran" in described(run, descriptions, "KILLED")[NOTE]


def test_a_pipeline_that_the_report_does_not_know_says_what_it_made(run, descriptions):
    copy = Node(lambda: 1, None, "shop.copy", name="copy", namespace="carry.shop")
    descriptions.before_node_run(copy)
    descriptions.after_dataset_saved("shop.copy", 1, copy)
    tags = described(run, descriptions, experiment=Experiment("carry", "shop"))
    assert "It made `shop.copy`." in tags[NOTE]
    assert "headline" not in tags


def test_the_commands_run_lists_its_experiments(run, descriptions):
    weigh(descriptions)
    with mlflow.start_run(nested=True, run_name="weigh · shop") as child:
        described(child, descriptions)
    descriptions.describe_session(run.info.run_id, "FINISHED")
    tags = mlflow.MlflowClient().get_run(run.info.run_id).data.tags
    assert tags["headline"] == "1 experiment"
    page = f"#/experiments/{run.info.experiment_id}/runs/{child.info.run_id}"
    assert f"[weigh · shop]({page})" in tags[NOTE]


def test_a_run_whose_process_was_killed_is_described_by_the_next_run(run):
    client = mlflow.MlflowClient()
    earlier = this_process().rpartition("/")[0]  # another process that had this one's number
    tags = {PROCESS: f"{earlier}/before", "kedro_command": "kedro run --pipeline weigh"}
    dead = client.create_run(run.info.experiment_id, tags=tags)
    KilledRunHooks().before_pipeline_run()
    found = client.get_run(dead.info.run_id)
    assert found.info.status == "KILLED"
    assert PROCESS_ENDED in found.data.tags[NOTE]
    assert "kedro run --pipeline weigh" in found.data.tags[NOTE]


def test_the_peak_is_that_of_the_time_in_which_the_experiment_ran():
    values = iter([5, 1, 9, 9, 2, 3])
    memory = PeakMemory(lambda: next(values))
    memory.enter("left")  # 5 before it, then 1
    memory.sample()
    memory.enter("right")  # 9 still left's, then 2
    memory.sample()
    assert (memory.of("left"), memory.of("right"), memory.total) == (9, 3, 9)


def test_memory_is_sampled_while_nobody_asks():
    sampled = threading.Event()

    def count() -> int:
        sampled.set()
        return 7

    memory = PeakMemory(count)
    memory.start()
    assert sampled.wait(600)
    memory.stop()
    assert memory.total in (0, 7)
