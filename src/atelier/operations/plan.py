"""``python -m atelier.operations.plan``: the pipelines, their order and the schedules, as JSON."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from kedro.framework.project import pipelines, settings
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogConfigResolver
from kedro.pipeline import Pipeline

from atelier.configuration.project import project_folder
from atelier.operations.lineage import upstream_pipelines
from atelier.operations.schedules import read_schedules

WHOLE = "__default__"
LAST = "report"


def plan(project: Path) -> dict[str, Any]:
    """What runs, on what it stands, and when.

    Returns:
        ``pipelines``: for each its ``needs`` and ``description``. ``schedules``: for each its
        fields, ``pipeline`` written out where it was the default one.

    Raises:
        ValueError: For a schedule that is wrong.
    """
    bootstrap_project(project)
    conf = project / settings.CONF_SOURCE
    loader = settings.CONFIG_LOADER_CLASS(
        str(conf), env=os.environ.get("KEDRO_ENV"), **settings.CONFIG_LOADER_ARGS
    )
    registered = dict(pipelines)
    whole, single = _parted(registered)
    needs = upstream_pipelines(single, _identity(loader["catalog"]))
    folders = {folder.name for folder in conf.iterdir() if folder.is_dir()}
    schedules = read_schedules(loader["schedules"], registered, folders)
    return {
        "pipelines": {
            name: {"needs": needs[name], "description": _description(name)} for name in single
        },
        "schedules": {
            name: one.model_dump() | {"pipeline": _written_out(one.pipeline, whole)}
            for name, one in schedules.items()
        },
    }


def _parted(registered: Mapping[str, Pipeline]) -> tuple[list[str], dict[str, Pipeline]]:
    """The pipelines of the default run; and each by itself, the report as it ends that run."""
    default = registered[WHOLE]
    names = {node.name for node in default.nodes}
    single = {name: one for name, one in registered.items() if name != WHOLE}
    inside = {name: one for name, one in single.items() if set(_names(one)) <= names}
    others = [node for name in inside if name != LAST for node in _names(inside[name])]
    return list(inside), single | {LAST: default - default.only_nodes(*others)}


def _names(pipeline: Pipeline) -> list[str]:
    return [node.name for node in pipeline.nodes]


def _written_out(names: tuple[str, ...], whole: list[str]) -> list[str]:
    return [one for name in names for one in (whole if name == WHOLE else [name])]


def _identity(catalog: dict[str, Any]) -> Callable[[str], str]:
    """A dataset that names a registered model stands for that model."""
    resolver = CatalogConfigResolver(catalog)
    return lambda dataset: resolver.resolve_pattern(dataset).get("name", dataset)


def _description(name: str) -> str:
    module = "promote" if name == "rollback" else name
    return (import_module(f"atelier.pipelines.{module}.pipeline").__doc__ or "").strip()


def main() -> None:
    """Print the plan of the project; on the last line, after the logs."""
    try:
        sys.stdout.write(json.dumps(plan(project_folder())) + "\n")
    except ValueError as error:
        sys.exit(f"conf/base/schedules.yml: {error}")


if __name__ == "__main__":
    main()
