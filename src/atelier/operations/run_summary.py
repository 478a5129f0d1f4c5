"""``python -m atelier.operations.run_summary RUN_TAG PIPELINE ENV``: what a marked run left."""

import json
import sys
from typing import Any

from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from atelier.configuration.project import project_folder
from atelier.datasets.tracked import run_page

RUN_TAG = "atelier.mark"


def summarize_run(
    client: Any, experiment: str, mark: str, prefixes: tuple[str, ...]
) -> dict[str, Any]:
    """The first run that carries ``mark``: its id and its main metrics; empty if there is none.

    Args:
        client: MLflow's.
        experiment: Its id.
        mark: Value of the tag ``atelier.mark``.
        prefixes: How the names of main metrics begin.
    """
    marked = f"tags.`{RUN_TAG}` = '{mark}'"
    found = client.search_runs([experiment], marked, order_by=["start_time"], max_results=1)
    if not found:
        return {}
    run = found[0]
    metrics = {key: run.data.metrics[key] for key in sorted(run.data.metrics)}
    return {
        "run_id": run.info.run_id,
        "metrics": {key: value for key, value in metrics.items() if key.startswith(prefixes)},
    }


def main(mark: str, pipeline: str, env: str) -> None:
    """Print the receipt, with the address of the run's page, as JSON on the last line."""
    project = project_folder()
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        store = session.load_context().mlflow  # type: ignore[attr-defined]
    from mlflow import MlflowClient

    experiment = store.tracking.experiment._experiment.experiment_id
    outputs = pipelines[pipeline].all_outputs()
    prefixes = tuple(f"{o.removesuffix('_metrics')}." for o in outputs if o.endswith("_metrics"))
    client = MlflowClient(store.server.mlflow_tracking_uri)
    found = summarize_run(client, experiment, mark, prefixes)
    if found:
        found["page"] = run_page(experiment, found["run_id"])
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
