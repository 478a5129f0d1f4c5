"""``python -m atelier.operations.plan``: the pipelines, their order and the schedules, as JSON."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kedro.framework.project import pipelines, settings
from kedro.framework.startup import bootstrap_project
from kedro.io import CatalogConfigResolver
from kedro.pipeline import Pipeline

from atelier.configuration.project import project_folder
from atelier.operations.lineage import upstream_pipelines
from atelier.operations.schedules import read_schedules
from atelier.pipeline_registry import ON_FILES, describe_pipelines

DEFAULT = "__default__"


def plan(project: Path) -> dict[str, Any]:
    """Returns the pipelines of a project, what each of them needs, and the schedules.

    Returns:
        ``pipelines``: for each its ``needs`` and ``description``. ``schedules``: for each its
        fields, with the pipelines of the default run by name.

    Raises:
        ValueError: If a schedule is wrong.
    """
    bootstrap_project(project)
    conf = project / settings.CONF_SOURCE
    loader = settings.CONFIG_LOADER_CLASS(
        str(conf), env=os.environ.get("KEDRO_ENV"), **settings.CONFIG_LOADER_ARGS
    )
    registered = dict(pipelines)
    default_names, single = _split_by_pipeline(registered)
    descriptions = describe_pipelines()
    needs = upstream_pipelines(single, _identity(loader["catalog"]))
    environments = {folder.name for folder in conf.iterdir() if folder.is_dir()}
    schedules = read_schedules(loader["schedules"], registered, environments)
    return {
        "pipelines": {
            name: {"needs": needs[name], "description": descriptions[name]} for name in single
        },
        "schedules": {
            name: schedule.model_dump() | {"pipeline": _expand(schedule.pipeline, default_names)}
            for name, schedule in schedules.items()
        },
    }


def _split_by_pipeline(
    registered: Mapping[str, Pipeline],
) -> tuple[list[str], dict[str, Pipeline]]:
    """Returns the names of the pipelines in the default run, and every pipeline by its name.

    A pipeline has there the inputs that it has in the default run: with nodes before it that belong
    to no pipeline of a name.
    """
    default = registered[DEFAULT]
    unplanned = {DEFAULT, *ON_FILES}  # a schedule has no file of a user
    single = {name: pipeline for name, pipeline in registered.items() if name not in unplanned}
    in_default = [name for name in single if _names(single[name]) <= _names(default)]
    named = set().union(*map(_names, single.values()))
    for name in in_default:
        names = _names(single[name])
        upstream = default.to_nodes(*names).nodes
        single[name] = Pipeline(
            [node for node in upstream if node.name in names or node.name not in named]
        )
    return in_default, single


def _names(pipeline: Pipeline) -> set[str]:
    return {node.name for node in pipeline.nodes}


def _expand(names: tuple[str, ...], default_names: list[str]) -> list[str]:
    return [single for name in names for single in (default_names if name == DEFAULT else [name])]


def _identity(catalog: dict[str, Any]) -> Callable[[str], str]:
    """Returns a function that maps a dataset of a registered model to the model's name."""
    resolver = CatalogConfigResolver(catalog)
    return lambda dataset: resolver.resolve_pattern(dataset).get("name", dataset)


def main() -> None:
    """Prints the plan of the project on the last line, after the logs."""
    try:
        sys.stdout.write(json.dumps(plan(project_folder())) + "\n")
    except ValueError as error:
        sys.exit(f"conf/base/schedules.yml: {error}")


if __name__ == "__main__":
    main()
