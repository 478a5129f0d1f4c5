"""``python -m atelier.ui``: MLflow on this machine, opened on the runs."""

import os
import sys
import threading
import time
import urllib.request
import webbrowser

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from mlflow.cli import cli as mlflow_cli

from atelier.settings import PROJECT

HOST = "127.0.0.1"


def open_when_up(address: str, page: str) -> None:
    """Show ``page`` in the browser as soon as the server answers."""
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/health", timeout=1).close()
        except OSError:
            time.sleep(0.5)
        else:
            webbrowser.open(page)
            return


def main(port: str = "5000", host: str = HOST) -> None:
    """Serve the project's MLflow store on ``port`` until Ctrl-C; to this machine alone, unless a
    ``host`` such as 0.0.0.0 says otherwise.
    """
    bootstrap_project(PROJECT)
    with KedroSession.create(PROJECT, env=os.environ.get("KEDRO_ENV")) as session:
        context = session.load_context()  # type: ignore[attr-defined]
        store = context.mlflow  # the store and its experiment exist from here on
    address = f"http://{HOST}:{port}"
    experiment = store.tracking.experiment._experiment.experiment_id
    page = f"{address}/#/experiments/{experiment}/runs"
    print(f"MLflow: {page}", flush=True)
    if sys.stdout.isatty():
        threading.Thread(target=open_when_up, args=(address, page), daemon=True).start()
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # 2 processes instead of 10
    uri = store.server.mlflow_tracking_uri
    served = ["--backend-store-uri", uri, "--host", host, "--port", port, "--workers", "1"]
    sys.exit(mlflow_cli(["server", *served]))


if __name__ == "__main__":
    main(*sys.argv[1:])
