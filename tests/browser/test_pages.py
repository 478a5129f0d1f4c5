"""MLflow's pages of a finished run, in headless Chromium."""


def shot(page, finished, name):
    """Keep a picture of the page beside the project, for a person to look at."""
    page.screenshot(path=finished.folder / f"{name}.png")


def test_the_page_of_a_run_shows_its_metric(page, finished, mlflow_address):
    run = finished.experiments("train", "digits")[-1]
    page.goto(f"{mlflow_address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}")
    page.get_by_text("Finished", exact=True).first.wait_for()
    page.get_by_text("test/accuracy", exact=True).first.wait_for()
    page.get_by_text("training.epochs", exact=True).first.wait_for()
    shot(page, finished, "mlflow_metrics")


def test_the_artifacts_of_a_run_show_a_figure(page, finished, mlflow_address):
    run = finished.experiments("train", "digits")[-1]
    base = f"{mlflow_address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    page.goto(f"{base}/artifacts/digits/confusion.png")
    picture = page.locator("img[src^='blob:'], img[src*='artifact']").first
    picture.wait_for()
    page.wait_for_timeout(500)
    assert picture.evaluate("image => image.naturalWidth") > 100
    shot(page, finished, "mlflow_figure")


def test_the_animation_of_a_run_is_shown_in_its_artifacts(page, finished, mlflow_address):
    run = finished.experiments("dropout")[-1]
    base = f"{mlflow_address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    page.goto(f"{base}/artifacts/dropout/weight_updates.gif")
    picture = page.locator("img[src^='blob:'], img[src*='artifact']").first
    picture.wait_for()
    page.wait_for_timeout(500)
    assert picture.evaluate("image => image.naturalWidth") > 100
    shot(page, finished, "mlflow_animation")
