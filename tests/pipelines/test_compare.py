"""The comparison of two real runs: a network and its overtrained sibling, on the same images."""

import json

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def metrics(finished) -> pd.DataFrame:
    table = pd.read_parquet(finished.path("08_reporting/test/compare/metrics.parquet"))
    return table.set_index("metric")


def test_what_both_runs_measured_on_the_same_images_has_a_paired_interval(metrics, finished):
    provenance = json.loads(finished.path("03_primary/test/characters/provenance.json").read_text())
    for name in ("nll_before", "nll_after", "ece_before", "ece_after"):
        row = metrics.loc[f"calibration/{name}"]
        assert row["reason"] == ""
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["n"] == provenance["counts"]["test"]


def test_the_difference_is_that_of_the_tables_that_the_pipeline_wrote(metrics, finished):
    nll = {
        name: pd.read_parquet(
            finished.path(f"08_reporting/test/{name}/calibration_table.parquet")
        ).set_index("method")["nll"]
        for name in ("characters", "overtrained")
    }
    expected = nll["overtrained"]["uncalibrated"] - nll["characters"]["uncalibrated"]
    row = metrics.loc["calibration/nll_before"]
    assert row["difference"] == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_the_page_is_an_artifact_of_the_newer_run_which_links_it(finished):
    client = finished.client()
    newest = max(map(client.get_run, finished.compared), key=lambda run: run.info.start_time)
    (older,) = set(finished.compared) - {newest.info.run_id}
    stored = [item.path for item in client.list_artifacts(newest.info.run_id, "compare")]
    assert f"compare/{older[:8]}.html" in stored
    assert newest.data.tags["compared_with"] == older
    assert f"artifacts/compare/{older[:8]}.html" in newest.data.tags["mlflow.note.content"]


def test_a_comparison_has_no_run_of_its_own(finished):
    assert not [run for run in finished.runs() if "compare" in run.info.run_name]


def test_every_experiment_on_a_test_split_kept_its_examples(finished):
    kept = {
        path.relative_to(finished.path("07_model_output/test")).as_posix()
        for path in finished.path("08_reporting/test").rglob("examples/*.parquet")
    }
    assert kept == {
        "cells/examples/em.parquet",
        "cells/examples/otsu.parquet",
        "cells/examples/segmentation.parquet",
        "characters/examples/calibration.parquet",
        "characters/examples/test.parquet",
        "digits/examples/calibration.parquet",
        "digits/examples/convolutional.parquet",
        "digits/examples/maxout.parquet",
        "digits/examples/test.parquet",
        "overtrained/examples/calibration.parquet",
        "sweep/examples/best.parquet",
    }


@pytest.mark.parametrize(
    ("namespace", "name"),
    [("digits", "test"), ("digits", "calibration"), ("digits", "maxout"), ("cells", "otsu"),
     ("cells", "em"), ("cells", "segmentation"), ("sweep", "best")],
)  # fmt: skip
def test_the_mean_of_a_column_is_the_metric_of_its_name(finished, namespace, name):
    table = pd.read_parquet(
        finished.path(f"07_model_output/test/{namespace}/examples/{name}.parquet")
    )
    path = finished.path(f"08_reporting/test/{namespace}/{name}_metrics.json")
    metrics = json.loads(path.read_text("utf-8"))
    shared = set(table) & set(metrics)
    assert shared
    for column in shared:
        assert table[column].mean() == pytest.approx(metrics[column], rel=1e-4, abs=1e-5), column
    (split,) = table["split"].unique()
    assert len(split) == 64
