"""Finds parameters that neither the configuration nor a node knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.project import pipelines
from kedro.validation import ParameterValidationError, TypeExtractor

from atelier.configuration.names import SHORT, Names, merge_trees

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

    from atelier.configuration.loader import ProjectConfigLoader


def check_names(loader: ProjectConfigLoader) -> None:
    """Checks the names of the parameters that a loader has read.

    Raises:
        ParameterValidationError: If a name is unknown. The message lists each of them, and what was
            probably meant.
    """
    registered = dict(pipelines)
    messages = [*misspelt_names(loader, registered), *unknown_parameters(loader, registered)]
    if messages:
        raise ParameterValidationError("\n".join(messages))


def unknown_parameters(
    loader: ProjectConfigLoader, registered: Mapping[str, Pipeline]
) -> Iterator[str]:
    """Yields a message for each unknown parameter of the command line.

    Args:
        loader: Has read the parameters.
        registered: The project's pipelines by name.
    """
    runtime = loader.runtime_params
    if not runtime:
        return
    has_groups = any(isinstance(value, Mapping) for name, value in runtime.items() if name != SHORT)
    typed = TypeExtractor(dict(registered)).extract_types_from_pipelines() if has_groups else {}
    files = loader.raw_files("parameters").values()
    names = Names(
        merge_trees(*files, _node_parameters(registered)), typed, loader.requested_names()
    )
    yield from map(names.describe_unknown, names.unknown_paths(runtime))


def misspelt_names(
    loader: ProjectConfigLoader, registered: Mapping[str, Pipeline]
) -> Iterator[str]:
    """Yields a message for each name in an environment that resembles a name of ``conf/base``.

    Names without such resemblance are allowed there: values for interpolation, parameters of new
    nodes.

    Args:
        loader: Has read the parameters.
        registered: The project's pipelines by name.
    """
    files = loader.raw_files("parameters")
    names = Names(merge_trees(files.pop(loader.base_env, {}), _node_parameters(registered)))
    for folder, parameters in files.items():
        public = {name: value for name, value in parameters.items() if not name.startswith("_")}
        for path in names.unknown_paths(public):
            if names.closest(path, cutoff=0.8):
                yield f"conf/{folder}: {names.describe_unknown(path)}"


def _node_parameters(registered: Mapping[str, Pipeline]) -> dict[str, Any]:
    """Returns the names of the parameters that nodes read, nested, each with the value None."""
    nested: dict[str, Any] = {}
    for pipeline in registered.values():
        for name in pipeline.inputs():
            if name.startswith("params:"):
                *groups, last = name.removeprefix("params:").split(".")
                group = nested
                for part in groups:
                    group = group.setdefault(part, {})
                group.setdefault(last, None)
    return nested
