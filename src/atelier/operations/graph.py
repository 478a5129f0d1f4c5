"""``kedro viz run`` and ``kedro viz build``: Kedro-Viz with this project's page and previews."""

from __future__ import annotations

import os
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import kedro_viz.launchers.cli.build as viz_build
import kedro_viz.launchers.cli.run as viz_run
from kedro_viz.launchers.utils import _find_available_port, _find_kedro_project

if TYPE_CHECKING:
    from fastapi import FastAPI

LOCAL = ("127.0.0.1", "localhost")
UNCHANGED = ("load_file", "save_file", "autoreload", "lite")
"""Options with which Kedro-Viz runs as it is."""


def _run(**options: Any) -> None:
    """Serves the graph, from left to right, until Ctrl-C."""
    if any(options[name] for name in UNCHANGED):
        viz_run.run.callback(**options)
        return
    _enter_project()
    populate(options["env"], options["include_hooks"], options["params"], options["pipeline"])
    host, port = options["host"], _find_available_port(options["host"], options["port"])
    serve_graph(graph_app(), host, port, browser=options["browser"] and host in LOCAL)


def _build(**options: Any) -> None:
    """Writes the graph as pages that open from the disk, into the folder ``build``."""
    from kedro_viz.integrations.deployment.local_deployer import LocalDeployer

    from atelier.operations.graph_page import write_pages

    _enter_project()
    populate(options["env"], options["include_hooks"])
    LocalDeployer().deploy(options["include_previews"])
    write_pages(Path("build"))
    click.echo(f"The graph: {Path('build', 'index.html').resolve().as_uri()}")


def populate(
    env: str | None,
    include_hooks: bool,  # noqa: FBT001  (Kedro-Viz' option)
    params: dict[str, Any] | None = None,
    pipeline: str | None = None,
) -> None:
    """Hands the project in the working directory to Kedro-Viz.

    Args:
        env: Kedro's environment, whose data the previews show.
        include_hooks: Whether the project's hooks run.
        params: Parameters of the command line.
        pipeline: The name of the only pipeline to show; None shows all.
    """
    from kedro_viz import server
    from kedro_viz.integrations.kedro.data_loader import load_data

    from atelier.operations.graph_nodes import shown

    catalog, pipelines, extras = load_data(Path.cwd(), env, include_hooks, None, params)
    names = [pipeline] if pipeline else list(pipelines)
    graphs = {name: shown(pipelines[name], catalog) for name in names}
    server.populate_data(server.data_access_manager, catalog, graphs, extras)


def graph_app() -> FastAPI:
    """Returns Kedro-Viz' server with this project's page, which asks nobody for a newer version."""
    from fastapi import FastAPI
    from fastapi.responses import HTMLResponse
    from kedro_viz.api.apps import create_api_app_from_project
    from kedro_viz.api.rest.responses.version import get_static_version_response

    from atelier.operations.graph_page import graph_page

    app = FastAPI()
    app.get("/", response_class=HTMLResponse)(graph_page)
    app.get("/workflow", response_class=HTMLResponse)(graph_page)
    app.get("/api/version")(get_static_version_response)
    app.mount("/", create_api_app_from_project(Path.cwd()))
    return app


def serve_graph(app: FastAPI, host: str, port: int, *, browser: bool) -> None:
    """Serves an application until Ctrl-C.

    Args:
        app: The application.
        host: The address to listen on.
        port: The port to listen on.
        browser: Whether to open the page.
    """
    import uvicorn

    address = f"http://{host}:{port}/"
    click.echo(f"The graph: {address}")
    if browser:
        threading.Timer(1, webbrowser.open, [address]).start()
    uvicorn.run(app, host=host, port=port, log_config=None)


def _enter_project() -> None:
    """Makes the project's folder the working directory, to which its paths refer.

    Raises:
        click.ClickException: If there is no project.
    """
    project = _find_kedro_project(Path.cwd())
    if project is None:
        raise click.ClickException(f"Expected a Kedro project. Received: {Path.cwd()}")
    os.chdir(project)


ENV = next(option for option in viz_run.run.params if option.name == "env")
PREVIEWS = click.Option(
    ["--include-previews/--no-previews"], default=True, help="Whether data sets have previews."
)
HOOKS = next(option for option in viz_build.build.params if option.name == "include_hooks")

run = click.Command("run", callback=_run, params=viz_run.run.params, help=_run.__doc__)
build = click.Command("build", callback=_build, params=[ENV, HOOKS, PREVIEWS], help=_build.__doc__)
