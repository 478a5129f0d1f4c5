"""Which numbers of a finished project are metrics in MLflow, and where the others are."""

import json
from collections import Counter

import mlflow
import pytest
import yaml
from support.project import ROOT
from support.stores import tracking_at

from atelier.pipeline_registry import register_pipelines
from atelier.report.experiments import EXPERIMENTS
from atelier.report.values import find_metric

MOST = 29
"""Headlines of the run with the most parts, the segmentation of cells; others have about twenty."""
SHOWN = EXPERIMENTS.validate_python(
    yaml.safe_load((ROOT / "src/atelier/report/experiments.yml").read_text("utf-8"))
)


def is_headline(client, run, name):
    """A metric without steps; curves begin at step 1."""
    return all(one.step == 0 for one in client.get_metric_history(run.info.run_id, name))


def metrics_of(finished, pipeline, namespace, name):
    """The metrics ``<name>/…`` of the run of an experiment."""
    query = (
        f"tags.pipeline = '{pipeline}' and tags.namespace = '{namespace}' "
        "and attributes.status = 'FINISHED'"
    )
    client = finished.client()
    experiment = client.get_experiment_by_name("atelier-test").experiment_id
    run, *_earlier = client.search_runs([experiment], query)  # the newest first
    return {
        key.removeprefix(f"{name}/"): value
        for key, value in run.data.metrics.items()
        if key.startswith(f"{name}/")
    }


def recorded(finished, namespace, name):
    path = finished.path("08_reporting", "test", namespace, f"{name}_metrics.json")
    return json.loads(path.read_text())


PIPELINES = register_pipelines()
FINISHED = {
    name
    for pipeline in ("__default__", "annotation", "drift", "promote")
    for name in PIPELINES[pipeline].all_outputs()
}
MEASURES = [
    pytest.param(one.pipeline, measure, id=f"{measure.of}.{measure.value}")
    for one in SHOWN
    for measure in one.measures
    if measure.of in FINISHED
]


@pytest.mark.parametrize(("pipeline", "measure"), MEASURES)
def test_what_the_report_shows_is_a_metric_with_its_interval_and_n(finished, pipeline, measure):
    namespace, dataset = measure.of.split(".")
    name = dataset.removesuffix("_metrics")
    numbers = recorded(finished, namespace, name)
    logged = metrics_of(finished, pipeline, namespace, name)
    value = find_metric(measure, numbers)
    assert value
    interval = measure.interval or value
    shown = {value, f"{interval}_low", f"{interval}_high", measure.n} & set(numbers)
    assert shown <= set(logged)
    for key in shown:
        assert logged[key] == pytest.approx(numbers[key])


def test_no_run_has_more_headlines_than_a_screen_and_none_has_a_namespace(finished):
    client = finished.client()
    for run in finished.runs():
        names = [name for name in run.data.metrics if is_headline(client, run, name)]
        assert len(names) <= MOST, (run.info.run_name, Counter(names))
        namespace = run.data.tags.get("namespace")
        assert not [name for name in run.data.metrics if name.startswith(f"{namespace}.")]


def test_a_record_with_more_numbers_is_an_artifact_of_its_run(finished):
    run, *_earlier = finished.runs("segmentation · cells")
    address = f"runs:/{run.info.run_id}/cells/segmentation_metrics.json"
    with tracking_at(finished.store):
        artifact = mlflow.artifacts.load_dict(address)
    assert artifact == recorded(finished, "cells", "segmentation")
    assert len(artifact) > 100


def test_every_registered_model_has_its_own_metrics_only(finished):
    client = finished.client()
    experiment = client.get_experiment_by_name("atelier-test").experiment_id
    models = {model.name: model for model in client.search_logged_models([experiment])}
    for kind in ("digits", "characters", "digits-calibrated", "characters-calibrated"):
        model = models[f"atelier-test-{kind}"]
        assert model.model_id in client.get_model_version(model.name, "1").source
        keys = {one.key for one in model.metrics}
        assert {"test/accuracy", "test/nll_low", "test/ece_high", "test/n"} < keys
        assert len(keys) == 10
        run = client.get_run(model.source_run_id)
        assert run.data.tags["namespace"] == kind.partition("-")[0]
        for metric in model.metrics:
            assert run.data.metrics[metric.key] == metric.value


def test_no_parameter_repeats_the_namespace_of_its_run(finished):
    runs = [run for run in finished.runs() if run.data.params and "namespace" in run.data.tags]
    assert runs
    for run in runs:
        namespace = run.data.tags["namespace"]
        own = "style.style." if namespace == "style" else f"{namespace}."  # style.style is a group
        assert not [name for name in run.data.params if name.startswith(own)]
    train, *_earlier = finished.runs("train · digits")
    assert {"training.epochs", "network.dropout", "evaluation.resamples"} <= set(train.data.params)
    overtrained, *_earlier = finished.runs("calibration · overtrained")
    assert "characters.calibration.resamples" in overtrained.data.params
