"""MLflow's and Kedro-Viz' pages of a finished run, in headless Chromium."""

import json
import urllib.request

import pytest


def shot(page, finished, name):
    """Keep a picture of the page beside the project, for a person to look at."""
    page.screenshot(path=finished.folder / f"{name}.png")


def test_the_page_of_a_run_shows_its_metric(page, finished, mlflow_address):
    run = finished.runs("__default__")[0]
    page.goto(f"{mlflow_address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}")
    page.get_by_text("Finished", exact=True).first.wait_for()
    page.get_by_text("test/accuracy", exact=True).first.wait_for()
    page.get_by_text("training.epochs", exact=True).first.wait_for()
    shot(page, finished, "mlflow_run")


def test_the_list_of_runs_shows_this_one(page, finished, mlflow_address):
    run = finished.runs("__default__")[0]
    page.goto(f"{mlflow_address}/#/experiments/{run.info.experiment_id}/runs")
    page.get_by_text("__default__").first.wait_for()
    shot(page, finished, "mlflow_runs")


def test_the_artifacts_of_a_run_show_a_figure(page, finished, mlflow_address):
    run = finished.runs("__default__")[0]
    base = f"{mlflow_address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    page.goto(f"{base}/artifacts/digits/confusion.png")
    picture = page.locator("img[src^='blob:'], img[src*='artifact']").first
    picture.wait_for()
    page.wait_for_timeout(500)
    assert picture.evaluate("image => image.naturalWidth") > 400
    shot(page, finished, "mlflow_figure")


def test_the_graph_folds_into_its_namespaces(page, finished, viz_address):
    page.goto(f"{viz_address}/?pid=__default__&expandAllPipelines=false")
    for words in ("digits", "characters"):
        page.locator(".pipeline-node", has_text=words).first.wait_for(state="attached")
    shot(page, finished, "viz_folded")


def test_the_layers_of_all_pipelines_together_have_an_order(viz_address):
    with urllib.request.urlopen(f"{viz_address}/api/main") as response:
        layers = json.load(response)["layers"]  # none if they had a cycle
    order = ["raw", "primary", "model_input", "models", "model_output", "reporting", "serving"]
    assert layers == order


def test_an_unfolded_graph_shows_its_layers(page, finished, viz_address):
    page.goto(f"{viz_address}/?pid=train&expandAllPipelines=true")
    for layer in ("primary", "models", "model_output", "reporting", "serving"):
        page.locator(".pipeline-layer-name", has_text=layer).first.wait_for(state="attached")
    page.wait_for_timeout(1500)
    shot(page, finished, "viz")


def test_a_figure_in_the_graph_can_be_looked_at(page, finished, viz_address):
    with urllib.request.urlopen(f"{viz_address}/api/main") as response:
        nodes = json.load(response)["nodes"]
    (figure,) = [node for node in nodes if node["name"] == "digits.confusion_figure"]
    page.goto(f"{viz_address}/?pid=train&sid={figure['id']}&expandAllPipelines=true")
    preview = page.locator("img[src^='data:image']").first
    preview.wait_for()
    assert preview.evaluate("image => image.naturalWidth") > 400
    shot(page, finished, "viz_preview")


def test_the_animation_of_a_run_is_shown_in_its_artifacts(page, finished, mlflow_address):
    run = finished.runs("__default__")[0]
    base = f"{mlflow_address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    page.goto(f"{base}/artifacts/dropout/weight_updates.gif")
    picture = page.locator("img[src^='blob:'], img[src*='artifact']").first
    picture.wait_for()
    page.wait_for_timeout(500)
    assert picture.evaluate("image => image.naturalWidth") > 400
    shot(page, finished, "mlflow_animation")


@pytest.mark.parametrize(
    "pipeline",
    [
        "activation_maximization",
        "calibration",
        "clustering",
        "drift",
        "dropout",
        "gradients",
        "maxout",
        "promote",
        "segmentation",
        "style_transfer",
        "sweep",
        "thresholding",
    ],
)
def test_the_graph_of_each_experiment_ends_in_its_figures(page, finished, viz_address, pipeline):
    page.goto(f"{viz_address}/?pid={pipeline}&expandAllPipelines=true")
    page.locator(".pipeline-node", has_text="figure").first.wait_for(state="attached")
    page.wait_for_timeout(1500)
    shot(page, finished, f"viz_{pipeline}")
