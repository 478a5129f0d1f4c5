"""What the page of ``make ui`` tells a browser before MLflow's program starts."""

import json

import mlflow

from atelier.hooks.experiment_page import SHARED_VIEW, page_tags
from atelier.operations.mlflow_page import first_script, page_views


def test_the_view_unfolds_the_runs_of_commands_only(run):
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("lab", tags=page_tags({}))
    command = client.create_run(experiment).info.run_id
    tags = {"mlflow.parentRunId": command, "pipeline": "sweep", "namespace": "sweep"}
    child = client.create_run(experiment, tags=tags).info.run_id
    client.create_run(experiment, tags={"mlflow.parentRunId": child})  # such as a sweep's trial
    (view,) = page_views(client).values()
    assert view["runsExpanded"] == {command: True}
    (name,) = page_views(client)
    assert name == f'MLflowLocalStorage-1.1-ExperimentPage-["{experiment}"]-ReactComponentState'
    tag = client.get_experiment(experiment).tags[SHARED_VIEW]
    assert view.items() >= json.loads(tag).items()


def test_an_experiment_that_is_not_of_this_project_keeps_mlflows_view(run):
    assert page_views(mlflow.MlflowClient()) == {}


def test_nothing_in_the_script_can_end_it():
    script = first_script({"x": {"selectedColumns": ["</script><b>"]}})
    assert script.count("</script>") == 1
    assert script.endswith("</script>")
