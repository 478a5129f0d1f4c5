"""MLflow's pages of models, in headless Chromium: each has its own metrics and no others."""

import pytest
from support.patience import PATIENCE

OWN = [
    f"test/{name}{end}" for name in ("accuracy", "nll", "ece") for end in ("", "_low", "_high")
] + ["test/n"]


def logged_model(finished, name):
    client = finished.client()
    experiment = client.get_experiment_by_name("atelier-test").experiment_id
    models = {model.name: model for model in client.search_logged_models([experiment])}
    return models[name]


@pytest.mark.parametrize("name", ["atelier-test-digits", "atelier-test-characters-calibrated"])
def test_the_page_of_a_model_shows_its_measures_with_intervals_and_its_data(
    page, finished, mlflow_address, name
):
    model = logged_model(finished, name)
    page.goto(f"{mlflow_address}/#/experiments/{model.experiment_id}/models/{model.model_id}")
    page.get_by_text(f"Metrics ({len(OWN)})").wait_for(timeout=1000 * PATIENCE)
    for metric in OWN:
        page.get_by_text(metric, exact=True).first.wait_for()
    page.get_by_text(f"{name.split('-')[2]}.", exact=False).first.wait_for()  # the data set
    page.screenshot(path=finished.folder / f"mlflow_{name}.png")


def test_the_page_of_a_version_tells_its_measures_with_intervals(page, finished, mlflow_address):
    page.goto(f"{mlflow_address}/#/models/atelier-test-digits-calibrated/versions/1")
    for tag in ("test_accuracy", "test_nll", "test_ece"):
        page.get_by_text(tag, exact=True).first.wait_for()
    page.screenshot(path=finished.folder / "mlflow_version.png")


def test_the_table_of_models_has_columns_of_their_metrics_only(page, finished, mlflow_address):
    experiment = logged_model(finished, "atelier-test-digits").experiment_id
    page.set_viewport_size({"width": 4000, "height": 900})
    page.goto(f"{mlflow_address}/#/experiments/{experiment}/models")
    page.get_by_text("test/accuracy", exact=True).first.wait_for()
    headers = page.get_by_role("columnheader").all_inner_texts()
    metrics = {text.strip() for text in headers if "/" in text}
    assert metrics
    assert metrics <= set(OWN)
    page.screenshot(path=finished.folder / "mlflow_models.png")
