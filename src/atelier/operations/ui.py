"""``python -m atelier.operations.ui``: MLflow's page on this machine, opened at the runs."""

import os
import sys
import threading
import time
import urllib.request
import webbrowser

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from atelier.configuration.project import project_folder
from atelier.configuration.redaction import redact
from atelier.hooks.experiment_page import runs_address
from atelier.operations.mlflow_page import serve_mlflow

HOST = "127.0.0.1"


def open_when_ready(address: str, page: str) -> None:
    """Opens a page in the browser as soon as the server answers, within a minute.

    Args:
        address: Of the server.
        page: Address of the page.
    """
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/health", timeout=1).close()
        except OSError:
            time.sleep(0.5)
        else:
            webbrowser.open(page)
            return


def tracking_store() -> tuple[str, str]:
    """Returns the address of the project's store, which is created if needed, and its experiment.

    Raises:
        FileNotFoundError: If there is no project.
        ConnectionError: If the store is a server that does not answer.
        ValueError: If the store is no database of the installed version of MLflow.
    """
    project = project_folder()
    bootstrap_project(project)
    with KedroSession.create(project, env=os.environ.get("KEDRO_ENV")) as session:
        store = session.load_context().mlflow  # type: ignore[attr-defined]
    return store.server.mlflow_tracking_uri, store.tracking.experiment._experiment.experiment_id


def main(port: str = "5000", host: str = HOST) -> None:
    """Serves the project's MLflow store until Ctrl-C; a store that is a server is only opened.

    Args:
        port: The port of the page.
        host: The address to listen on; 0.0.0.0 admits requests of other machines.
    """
    try:
        uri, experiment = tracking_store()
    except (FileNotFoundError, ConnectionError, ValueError) as error:
        sys.exit(f"atelier.operations.ui: {error}")
    remote = uri.startswith("http")
    address = uri.rstrip("/") if remote else f"http://{HOST}:{port}"
    page = f"{address}/{runs_address(experiment) if remote else f'#/experiments/{experiment}/runs'}"
    print(f"MLflow: {redact(page)}", flush=True)
    if remote:
        open_page(page)
    else:
        serve_store(uri, port, host, page)


def open_page(page: str) -> None:
    """Opens a page in the browser if the command runs in a terminal."""
    if sys.stdout.isatty():
        webbrowser.open(page)


def serve_store(uri: str, port: str, host: str, page: str) -> None:
    """Serves a store until Ctrl-C, and opens its page if the command runs in a terminal.

    Args:
        uri: Address of the store.
        port: The port of the page.
        host: The address to listen on.
        page: Address of the page.
    """
    if sys.stdout.isatty():
        address = f"http://{HOST}:{port}"
        threading.Thread(target=open_when_ready, args=(address, page), daemon=True).start()
    serve_mlflow(uri, host, int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
