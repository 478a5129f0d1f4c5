"""``python -m atelier.operations.run_summary TAG PIPELINE ENV``: main metrics of a tagged run."""

import json
import sys
from collections.abc import Collection
from typing import Any

from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from atelier.configuration.project import project_folder
from atelier.datasets.tracked import run_page
from atelier.hooks.experiment_runs import NAMESPACE, PIPELINE
from atelier.hooks.session_run import NODES_RUN

RUN_TAG = "atelier.mark"
"""The tag by which the scheduler finds the run that it started."""


def summarize_run(
    client: Any, experiment: str, tag: str, pipeline: str, names: Collection[str]
) -> dict[str, Any]:
    """Returns the main metrics of the runs with a tag: a command's, and below it its experiments'.

    Args:
        client: MLflow's client.
        experiment: The experiment's id.
        tag: Value of the tag :data:`RUN_TAG`, which MLflow sets on all runs of a command.
        pipeline: The pipeline that the command ran.
        names: The main groups of metrics, such as ``digits.test``.

    Returns:
        ``run_id`` of the command's run, ``metrics`` by names such as ``digits.test/accuracy``, and
        ``unchanged`` where no node ran since none had changed: the metrics are then those of the
        pipeline's last runs. Nothing if no run has the tag.
    """
    condition = f"tags.`{RUN_TAG}` = '{tag}'"
    runs = client.search_runs([experiment], condition, order_by=["start_time"])
    parents = [run for run in runs if NAMESPACE not in run.data.tags]
    if not parents:
        return {}
    unchanged = parents[0].data.tags.get(NODES_RUN) == "0"
    metrics = {
        f"{run.data.tags[NAMESPACE]}.{name}": value
        for run in (_last_runs(client, experiment, pipeline) if unchanged else runs)
        if NAMESPACE in run.data.tags
        for name, value in run.data.metrics.items()
    }
    return {
        "run_id": parents[0].info.run_id,
        "metrics": {
            name: value for name, value in sorted(metrics.items()) if name.split("/")[0] in names
        },
        **({"unchanged": True} if unchanged else {}),
    }


def _last_runs(client: Any, experiment: str, pipeline: str) -> list[Any]:
    """Returns the newest finished run of each of a pipeline's experiments."""
    condition = f"tags.{PIPELINE} = '{pipeline}' and attributes.status = 'FINISHED'"
    runs = client.search_runs([experiment], condition, order_by=["start_time DESC"])
    return list({run.data.tags[NAMESPACE]: run for run in reversed(runs)}.values())


def main(tag: str, pipeline: str, env: str) -> None:
    """Prints the summary, with the address of the run's page, as JSON on the last line.

    Args:
        tag: Value of the tag :data:`RUN_TAG`.
        pipeline: The pipeline whose metrics are the main ones.
        env: Kedro's environment.
    """
    project = project_folder()
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        store = session.load_context().mlflow  # type: ignore[attr-defined]
    from mlflow import MlflowClient

    experiment = store.tracking.experiment._experiment.experiment_id
    outputs = pipelines[pipeline].all_outputs()
    names = {name.removesuffix("_metrics") for name in outputs if name.endswith("_metrics")}
    client = MlflowClient(store.server.mlflow_tracking_uri)
    summary = summarize_run(client, experiment, tag, pipeline, names)
    if summary:
        summary["page"] = run_page(experiment, summary["run_id"])
    sys.stdout.write(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
