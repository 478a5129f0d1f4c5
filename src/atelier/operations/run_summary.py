"""``python -m atelier.operations.run_summary TAG PIPELINE ENV``: main metrics of a tagged run."""

import json
import sys
from typing import Any

from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from atelier.configuration.project import project_folder
from atelier.datasets.tracked import run_page

RUN_TAG = "atelier.mark"
"""The tag by which the scheduler finds the run that it started."""


def summarize_run(
    client: Any, experiment: str, tag: str, prefixes: tuple[str, ...]
) -> dict[str, Any]:
    """Returns the id and the main metrics of the first run with a tag; nothing if there is none.

    Args:
        client: MLflow's client.
        experiment: The experiment's id.
        tag: Value of the tag :data:`RUN_TAG`.
        prefixes: The first parts of the names of main metrics.

    Returns:
        ``run_id``, and ``metrics`` by name.
    """
    condition = f"tags.`{RUN_TAG}` = '{tag}'"
    runs = client.search_runs([experiment], condition, order_by=["start_time"], max_results=1)
    if not runs:
        return {}
    data = runs[0].data
    metrics = {name: data.metrics[name] for name in sorted(data.metrics)}
    return {
        "run_id": runs[0].info.run_id,
        "metrics": {name: value for name, value in metrics.items() if name.startswith(prefixes)},
    }


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
    prefixes = tuple(f"{o.removesuffix('_metrics')}." for o in outputs if o.endswith("_metrics"))
    client = MlflowClient(store.server.mlflow_tracking_uri)
    summary = summarize_run(client, experiment, tag, prefixes)
    if summary:
        summary["page"] = run_page(experiment, summary["run_id"])
    sys.stdout.write(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
