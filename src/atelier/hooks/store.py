"""Prepares the MLflow store of a session: its address, its tables and the experiment."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro_mlflow.config.kedro_mlflow_config import KedroMlflowConfig

from atelier.configuration.redaction import redact
from atelier.hooks.experiment_page import page_tags
from atelier.hooks.relocation import rewrite_moved_store
from atelier.hooks.sqlite_store import create_store, sqlite_file, sqlite_uri, store_lock

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from requests import Response

CONNECT, ANSWER = 10, 60
"""Seconds to wait for a connection, and then for an answer."""
LOGIN = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
EXPORTED = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
"""Variables that MLflow sets itself when an address is set."""


def prepare_store(context: KedroContext) -> None:
    """Prepares the store that MLflow's configuration names, and creates the experiment.

    Relative paths become relative to the project. A server must answer; an SQLite file is created,
    or its addresses are rewritten after a move, while other processes wait.

    Raises:
        ConnectionError: If no MLflow server answers, or if it refuses the login.
        ValueError: If the SQLite file is of a different version of MLflow or no database.
    """
    config = with_absolute_paths(context.config_loader["mlflow"], context.project_path)
    _export_credentials(config, context)
    context.config_loader["mlflow"] = config
    server, experiment = config["server"], config["tracking"]["experiment"]
    uri = server["mlflow_tracking_uri"]
    for address in dict.fromkeys([uri, server.get("mlflow_registry_uri")]):
        file = sqlite_file(address or "")
        if file:
            _prepare_file(file, experiment)
    check_server(uri, experiment["name"])
    create_experiment(uri, **experiment)


def _prepare_file(file: Path, experiment: dict[str, Any]) -> None:
    artifacts = experiment["create_experiment_kwargs"].get("artifact_location")
    with store_lock(file):
        create_store(file, artifacts or str(file.parent / "mlruns"))
        if artifacts:
            rewrite_moved_store(file, experiment["name"], artifacts)


def with_absolute_paths(config: dict[str, Any], project: Path) -> dict[str, Any]:
    """Returns MLflow's configuration with absolute paths.

    A relative ``artifact_location`` is a folder beside the SQLite file, and so moves with it; with
    a server it is left out.

    Args:
        config: The content of ``mlflow.yml``.
        project: Folder of the project.
    """
    config = copy.deepcopy(config)
    server = config["server"]
    for key in ("mlflow_tracking_uri", "mlflow_registry_uri"):
        file = sqlite_file(server.get(key) or "")
        if file:
            server[key] = sqlite_uri(project / file)
    options = config["tracking"]["experiment"].setdefault("create_experiment_kwargs", {})
    location = options.get("artifact_location")
    if location and "://" not in location and not Path(location).is_absolute():
        options["artifact_location"] = _beside(server["mlflow_tracking_uri"], location, project)
    return config


def _beside(uri: str, folder: str, project: Path) -> str | None:
    """Returns the folder of a store's artifacts; None where a server decides."""
    if uri.startswith("http"):
        return None
    file = sqlite_file(uri)
    return str((file.parent if file else project) / folder)


def _export_credentials(config: dict[str, Any], context: KedroContext) -> None:
    """Exports Kedro's credentials before the first request; kedro-mlflow does so only after it.

    A provider of headers is registered here, and so kedro-mlflow must not register it again.
    """
    options = KedroMlflowConfig.model_validate(config)
    options._export_credentials(context)
    options._register_request_header_provider(context)
    config["server"].pop("request_header_provider", None)


def check_server(uri: str, experiment: str) -> None:
    """Sends a server one request for the experiment, where MLflow would try for minutes.

    The request is MLflow's: certificates, logins, tokens and proxies are those of the run. Answers
    for which MLflow would try again (429, 5xx) are no error here.

    Args:
        uri: Address of the server; addresses without HTTP are not checked.
        experiment: Name of the experiment, which need not exist.

    Raises:
        ConnectionError: If the server does not answer, refuses the login, or is no MLflow server.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    if not uri.startswith(("http:", "https:")):
        return
    endpoint = "/api/2.0/mlflow/experiments/get-by-name"
    try:
        answer = http_request(
            get_default_host_creds(uri),
            endpoint,
            "GET",
            max_retries=0,
            raise_on_status=False,
            timeout=(CONNECT, ANSWER),
            params={"experiment_name": experiment},
        )
    except MlflowException as error:
        raise ConnectionError(_expected(uri, f"{error}. {_how_to_reach(str(error))}")) from None
    problem = _problem(answer)
    if problem:
        raise ConnectionError(_expected(uri, problem))


def _problem(answer: Response) -> str | None:
    """Returns why an answer is no success of an MLflow server; None if it is one."""
    code = answer.status_code
    if code in (401, 403):
        return f"{code} {answer.reason}: {answer.text[:200].strip()}. The login: {LOGIN}"
    if code == 429 or code >= 500:
        return None
    try:
        is_mlflow = not {"experiment", "error_code"}.isdisjoint(answer.json())
    except (ValueError, TypeError):
        is_mlflow = False
    return None if is_mlflow else f"{code} {answer.reason} from another kind of server"


def _expected(uri: str, received: str) -> str:
    return str(
        redact(
            f"Expected an MLflow server at {uri}, as conf/ or MLFLOW_TRACKING_URI says. "
            f"Received: {received}"
        )
    )


def _how_to_reach(error: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in error:
        return (
            "MLFLOW_TRACKING_SERVER_CERT_PATH names a certificate to trust, "
            "MLFLOW_TRACKING_INSECURE_TLS=true trusts any"
        )
    return "docs/guides/many_machines.md describes how to start one"


def create_experiment(uri: str, *, name: str, create_experiment_kwargs: dict[str, Any]) -> None:
    """Creates the experiment if there is none, also if another process does so at the same time.

    It gets a description and the columns of its table. In a race kedro-mlflow would fail, and
    ``mlflow.set_experiment`` would use "Default".

    Args:
        uri: Address of the store.
        name: Name of the experiment.
        create_experiment_kwargs: Further arguments of MLflow's ``create_experiment``.
    """
    import mlflow

    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        options = create_experiment_kwargs | {
            "tags": page_tags({}) | (create_experiment_kwargs.get("tags") or {})
        }
        try:
            client.create_experiment(name, **options)
        except mlflow.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    elif experiment.lifecycle_stage == "active":
        for tag, text in page_tags(experiment.tags).items():
            client.set_experiment_tag(experiment.experiment_id, tag, text)


@contextmanager
def restore_mlflow_variables() -> Iterator[None]:
    """Restores the variables that MLflow sets when it gets an address.

    Otherwise the next session of this process would take them for settings of the user.
    """
    before = {name: os.environ.get(name) for name in EXPORTED}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
