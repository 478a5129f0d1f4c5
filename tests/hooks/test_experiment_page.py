"""The experiment's description and the columns of its table."""

import json

import mlflow

from atelier.hooks.experiment_page import DESCRIPTION, KIND, SHARED_VIEW, page_tags, runs_address
from atelier.hooks.store import create_experiment
from atelier.report.descriptions import is_signed

NOTE = "mlflow.note.content"


def created(uri: str) -> dict[str, str]:
    """The tags of the experiment after a session has prepared its store."""
    create_experiment(uri, name="lab", create_experiment_kwargs={})
    return mlflow.MlflowClient(uri).get_experiment_by_name("lab").tags


def test_a_new_experiment_gets_description_kind_and_columns(run, tmp_path):
    tags = created(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert tags[NOTE].startswith(DESCRIPTION.split("\n")[0])
    assert tags[KIND] == "custom_model_development"
    columns = json.loads(tags[SHARED_VIEW])["selectedColumns"]
    for name in ("pipeline", "namespace", "headline", "interval", "duration"):
        assert f"tags.`{name}`" in columns


def test_an_older_experiment_gets_them_too_and_what_a_person_wrote_stays(run, tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = mlflow.MlflowClient(uri)
    identity = client.create_experiment("lab")
    client.set_experiment_tag(identity, KIND, "classification")
    assert is_signed(created(uri)[NOTE])
    client.set_experiment_tag(identity, NOTE, "My lab.")
    tags = created(uri)
    assert (tags[NOTE], tags[KIND]) == ("My lab.", "classification")
    assert SHARED_VIEW in tags


def test_a_second_session_changes_nothing():
    assert page_tags(page_tags({})) == {}


def test_a_deleted_experiment_is_left_alone(run, tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = mlflow.MlflowClient(uri)
    client.delete_experiment(client.create_experiment("lab"))
    assert created(uri) == {}


def test_the_address_names_the_shared_view():
    assert runs_address("7") == (
        "#/experiments/7/runs?viewStateShareKey=runs&workflowType=machine_learning"
    )
    assert SHARED_VIEW.endswith(".runs")
