"""The report's pipeline: where it stands, what it tells, and that its words fit the catalog."""

import yaml
from kedro.pipeline import Node, Pipeline
from support.project import ROOT

from atelier.pipeline_registry import register_pipelines
from atelier.pipelines.report import create_pipeline
from atelier.pipelines.sinks import sinks_of
from atelier.report.experiments import EXPERIMENTS

TOLD = EXPERIMENTS.validate_python(
    yaml.safe_load((ROOT / "src/atelier/report/experiments.yml").read_text())
)


def test_every_pipeline_is_told_once_by_what_it_makes():
    pipelines = register_pipelines()
    names = [one.pipeline for one in TOLD]
    on_files = {name for name in pipelines if "." in name}  # told with the pipeline they replace
    without = {"__default__", "report", "rollback", "compare"}  # which make pages of their own
    assert sorted(names) == sorted(set(pipelines) - without - on_files)
    for one in TOLD:
        made = pipelines[one.pipeline].all_outputs() | {"digits.calibration_metrics"}
        for name in on_files:
            made |= pipelines[name].all_outputs() if name.startswith(f"{one.pipeline}.") else set()
        assert set(one.datasets) <= made, one.pipeline


def test_it_comes_last_in_the_default_run():
    assert register_pipelines()["__default__"].nodes[-1].name == "report.write"


def test_it_waits_for_every_node_but_those_that_only_register():
    first = Node(lambda: 1, None, "a.x_arrays", name="first", namespace="a")
    results = ["a.x_figure", "a.x_table"]
    drawn = Node(lambda x: x, "a.x_arrays", results, name="drawn", namespace="a.b")
    kept = Node(lambda x: x, "a.x_arrays", "a.registered_model", name="kept", namespace="a.b")
    index, write = create_pipeline(after=Pipeline([first, drawn, kept])).nodes
    assert (index.inputs, index.outputs) == (results, ["a.index"])
    assert index.namespace == "a"
    assert write.inputs == ["a.index"]
    assert sinks_of(write.func) == {"experiments": "experiments", "results": "results"}
    assert index.func("a picture", "a table") == 2


def test_the_report_of_a_finished_project_tells_every_experiment(finished):
    path = finished.path("08_reporting", "test", "report.html")
    assert path.as_uri() in finished.output
    page = finished.report  # as it was then
    ran = {node.name.partition(".")[0] for node in register_pipelines()["__default__"].nodes}
    accuracy = finished.runs("train · digits")[0].data.metrics["test/accuracy"]
    assert f"{100 * accuracy:.2f} %" in page
    for one in TOLD:
        there = f'<section id="{one.pipeline}"' in page
        assert there == (one.pipeline in ran), one.pipeline
    assert page.count("data:image/webp") > 40


def test_alone_it_adds_what_has_run_since(copied):
    copied.run("--pipeline", "report")
    page = copied.path("08_reporting", "test", "report.html").read_text(encoding="utf-8")
    assert '<section id="drift"' in page
    run = copied.experiments("drift", "digits")[0]
    assert f"/runs/{run.info.run_id}" in page
    assert "kedro run --env test --pipeline drift" in page
    assert copied.runs("report")[0].info.status == "FINISHED"


def test_where_nothing_has_run_it_says_so(fresh):
    fresh.run("--pipeline", "report")
    page = fresh.path("08_reporting", "test", "report.html").read_text(encoding="utf-8")
    assert f"0 of {len(TOLD)}" in page
    assert page.count("<br><code>kedro run --env test --pipeline ") == len(TOLD)
