"""MLflow's pages of a finished project, as a new browser shows them: table, run, command."""

import pytest

ROW = ".ag-center-cols-container .ag-row"
HEADER = ".ag-header-cell"
ASSISTANT = "//*[text()='MLflow Assistant' and not(ancestor-or-self::button)]"
"""The panel, which a button opens."""


@pytest.fixture
def experiment(finished) -> str:
    return finished.client().get_experiment_by_name("atelier-test").experiment_id


def shot(page, finished, name):
    """Keep a picture of the page beside the project, for a person to look at."""
    page.screenshot(path=finished.folder / f"{name}.png")


def open_table(page, address: str) -> None:
    """Opens a page with the table of runs and waits for a run of an experiment."""
    page.goto(address)
    page.locator(ROW).first.wait_for()
    page.get_by_text("promote · digits", exact=True).first.wait_for()


def cells(page, run) -> dict[str, str]:
    """The cells of a run's row by the names of the tags in its columns."""
    row = page.locator(f"{ROW}[row-id='{run.info.run_id}']")
    row.first.wait_for(state="attached")
    found = row.locator("[col-id^='tags.']").evaluate_all(
        "cells => cells.map(cell => [cell.getAttribute('col-id'), cell.innerText])"
    )
    return {name.removeprefix("tags.`").removesuffix("`"): text for name, text in found}


def test_the_table_shows_each_experiment_with_its_headline(
    page, finished, mlflow_address, experiment
):
    open_table(page, f"{mlflow_address}/#/experiments/{experiment}/runs")
    headers = page.locator(HEADER).all_inner_texts()
    for column in ("pipeline", "namespace", "headline", "interval", "duration"):
        assert column in headers
    run = finished.experiments("promote", "digits")[-1]
    tags = run.data.tags
    shown = ("pipeline", "namespace", "headline", "interval", "duration")
    assert cells(page, run) == {name: tags[name] for name in shown}
    assert "gain in accuracy" in tags["headline"]
    shot(page, finished, "mlflow_runs")


def test_every_experiment_of_the_command_is_below_it(page, finished, mlflow_address, experiment):
    page.set_viewport_size({"width": 1400, "height": 2400})
    open_table(page, f"{mlflow_address}/#/experiments/{experiment}/runs")
    command = finished.commands("__default__")[-1]
    children = [
        run
        for run in finished.runs()
        if run.data.tags.get("mlflow.parentRunId") == command.info.run_id
    ]
    assert len(children) >= 20
    for child in children:
        assert cells(page, child)["pipeline"] == child.data.tags["pipeline"]


def test_it_opens_as_model_training_with_the_experiments_description(
    page, finished, mlflow_address, experiment
):
    open_table(page, f"{mlflow_address}/#/experiments/{experiment}/runs")
    page.get_by_text("Each run is one experiment on one data set").first.wait_for()
    assert page.get_by_text("Judges", exact=True).count() == 0  # an entry of the view "GenAI"
    assert page.locator(ASSISTANT).count() == 0


def test_somebody_who_opens_the_server_itself_finds_the_same_table(
    page, finished, mlflow_address, experiment
):
    page.goto(mlflow_address)
    page.get_by_role("link", name="atelier-test", exact=True).first.click()
    page.locator(ROW).first.wait_for()
    page.get_by_text("promote · digits", exact=True).first.wait_for()
    assert "headline" in page.locator(HEADER).all_inner_texts()
    assert page.get_by_text("Judges", exact=True).count() == 0


def test_a_view_that_the_user_has_chosen_stays(page, finished, mlflow_address, experiment):
    address = f"{mlflow_address}/#/experiments/{experiment}/runs"
    open_table(page, address)
    name = f'MLflowLocalStorage-1.1-ExperimentPage-["{experiment}"]-ReactComponentState'
    page.evaluate(
        "([name, column]) => localStorage.setItem(name, JSON.stringify({...JSON.parse("
        "localStorage.getItem(name)), selectedColumns: [column], columnOrder: []}))",
        [name, "tags.`peak_memory`"],
    )
    page.reload()
    page.locator(HEADER, has_text="peak_memory").first.wait_for()
    assert page.locator(HEADER, has_text="headline").count() == 0


def open_run(page, mlflow_address: str, run) -> None:
    page.goto(f"{mlflow_address}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}")
    page.get_by_text("Description", exact=True).first.wait_for()


def test_the_description_shows_question_headline_figure_and_command(page, finished, mlflow_address):
    run = finished.experiments("train", "digits")[-1]
    open_run(page, mlflow_address, run)
    page.get_by_text("How accurately does a small convolutional network").first.wait_for()
    figure = page.locator("img[src*='get-artifact']").first
    figure.wait_for(state="attached")
    page.wait_for_function("document.querySelector(\"img[src*='get-artifact']\").naturalWidth > 0")
    assert 300 < figure.evaluate("image => image.naturalWidth") <= 900
    show_all(page)
    text = page.locator("body").inner_text()
    assert run.data.tags["headline"] in text
    assert f"95 % interval {run.data.tags['interval']}" in text
    assert run.data.tags["kedro_command"] in text
    page.set_viewport_size({"width": 1400, "height": 1700})
    shot(page, finished, "mlflow_run")


def test_its_links_lead_to_the_command_the_data_and_the_model(page, finished, mlflow_address):
    run = finished.experiments("train", "digits")[-1]
    ingest = finished.experiments("ingest", "digits")[-1]
    command = finished.commands("__default__")[-1]
    open_run(page, mlflow_address, run)
    page.get_by_text("How accurately does a small convolutional network").first.wait_for()
    links = page.evaluate("[...document.links].map(link => link.getAttribute('href'))")
    base = f"#/experiments/{run.info.experiment_id}/runs"
    for address in (f"{base}/{ingest.info.run_id}", f"{base}/{command.info.run_id}"):
        assert address in links
    model = next(link for link in links if link.startswith("#/models/"))
    page.goto(f"{mlflow_address}/{model}")
    page.get_by_text("Version 1", exact=False).first.wait_for()


def test_the_commands_description_is_a_table_of_its_experiments(page, finished, mlflow_address):
    command = finished.commands("__default__")[-1]
    open_run(page, mlflow_address, command)
    page.get_by_text("train · digits", exact=True).first.wait_for(state="attached")
    show_all(page)
    page.set_viewport_size({"width": 1400, "height": 1500})
    shot(page, finished, "mlflow_command")
    run = finished.experiments("train", "digits")[-1]
    assert run.data.tags["headline"] in page.locator("table").first.inner_text()


def show_all(page) -> None:
    """Unfolds the description where it is long."""
    more = page.get_by_text("Show more", exact=True)
    if more.count():
        more.first.click()
        page.get_by_text("Show less", exact=True).first.wait_for()
