"""MLflow's server with a page that opens on the runs.

MLflow keeps the state of its page in the browser, and a new browser opens it in the view "GenAI",
with an assistant beside a table of other columns. The page that this server sends sets that state
before MLflow's program starts: what the user chose before stays.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from atelier.hooks.experiment_page import SHARED_VIEW
from atelier.hooks.experiment_runs import NAMESPACE
from atelier.hooks.run_links import PARENT

DEFAULTS = {
    "mlflow.workflowType_v1": "machine_learning",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
    "mlflow.settings.telemetry.enabled_v1": False,
    "mlflow.telemetry.info.alert.dismissed_v1": True,
}
"""What a new browser gets: the view "Model training", a closed assistant, no telemetry."""
STATE = "MLflowLocalStorage-1.1-ExperimentPage-{}-ReactComponentState"
"""MLflow's name for the state of an experiment's page in the browser."""
SCRIPT = """\
<script>
for (const [name, value] of Object.entries(%(defaults)s)) {
  if (localStorage.getItem(name) === null) localStorage.setItem(name, JSON.stringify(value));
}
for (const [name, view] of Object.entries(%(views)s)) {
  const state = {...view, ...JSON.parse(localStorage.getItem(name) ?? "{}")};
  state.runsExpanded = {...view.runsExpanded, ...state.runsExpanded};
  localStorage.setItem(name, JSON.stringify(state));
}
</script>"""


def first_script(views: dict[str, dict[str, Any]]) -> str:
    """Returns the script that sets what the browser does not know yet.

    Args:
        views: The state of each experiment's page by the name under which the browser keeps it.
    """
    return SCRIPT % {"defaults": _in_script(DEFAULTS), "views": _in_script(views)}


def _in_script(value: Any) -> str:
    return json.dumps(value).replace("</", "<\\/")


def page_views(client: Any) -> dict[str, dict[str, Any]]:
    """Returns the state of the page of each experiment that has a shared view.

    The runs of commands are unfolded, so that the table shows the experiments below them.

    Args:
        client: MLflow's client.
    """
    views = {}
    for experiment in client.search_experiments():
        if SHARED_VIEW in experiment.tags:
            name = STATE.format(json.dumps([experiment.experiment_id], separators=(",", ":")))
            runs = client.search_runs([experiment.experiment_id], max_results=100)
            parents = dict.fromkeys(_commands(runs), True)
            views[name] = json.loads(experiment.tags[SHARED_VIEW]) | {"runsExpanded": parents}
    return views


def _commands(runs: Iterable[Any]) -> list[str]:
    """Returns the ids of the runs of commands that experiments belong to."""
    tags = [run.data.tags for run in runs]
    return [item[PARENT] for item in tags if PARENT in item and NAMESPACE in item]


def serve_mlflow(uri: str, host: str, port: int) -> None:
    """Serves a store until it is interrupted.

    Args:
        uri: Address of the store, a database.
        host: The address to listen on.
        port: The port of the page.
    """
    from mlflow.server import constants

    os.environ |= {
        constants.BACKEND_STORE_URI_ENV_VAR: uri,
        constants.REGISTRY_STORE_URI_ENV_VAR: uri,
        constants.ARTIFACT_ROOT_ENV_VAR: "mlflow-artifacts:/",
        constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    import uvicorn
    from mlflow import MlflowClient
    from mlflow.server import app as pages
    from mlflow.server.fastapi_app import app

    client = MlflowClient(uri)
    index = Path(pages.static_folder or "", "index.html").read_text(encoding="utf-8")

    def index_page() -> str:
        return index.replace("<head>", f"<head>{first_script(page_views(client))}", 1)

    pages.view_functions["serve"] = index_page
    uvicorn.run(app, host=host, port=port, log_level="warning")
