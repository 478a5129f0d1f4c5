"""A misspelt parameter stops a run before its first node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro.validation import ParameterValidationError, TypeExtractor

from atelier.configuration.names import SHORT, Names, merge_trees

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.pipeline import Pipeline

    from atelier.configuration.loader import ProjectConfigLoader


class ParameterHooks:
    """Checks the names of parameters whenever they are read, before their values are looked at."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Let the loader check what it reads."""
        context.config_loader.check = check_names  # type: ignore[attr-defined]


def check_names(loader: ProjectConfigLoader) -> None:
    """Stops at parameters that neither the configuration nor a node knows.

    Raises:
        ParameterValidationError: Names each of them, and what it probably should be.
    """
    registered = dict(pipelines)
    wrong = [*misspelt_names(loader, registered), *unknown(loader, registered)]
    if wrong:
        raise ParameterValidationError("\n".join(wrong))


def unknown(loader: ProjectConfigLoader, registered: Mapping[str, Pipeline]) -> Iterator[str]:
    """Yields a complaint for each parameter of the command line that nothing knows."""
    given = loader.runtime_params
    if not given:
        return
    is_deep = any(isinstance(value, Mapping) for name, value in given.items() if name != SHORT)
    typed = TypeExtractor(dict(registered)).extract_types_from_pipelines() if is_deep else {}
    files = loader.written("parameters").values()
    names = Names(merge_trees(*files, _read(registered)), typed, loader.asked())
    yield from map(names.complaint, names.unknown(given))


def misspelt_names(
    loader: ProjectConfigLoader, registered: Mapping[str, Pipeline]
) -> Iterator[str]:
    """Yields a complaint for each name of an environment that resembles one of ``conf/base``.

    Others may stand there: a value that interpolation takes, a parameter of a new node.
    """
    files = loader.written("parameters")
    names = Names(merge_trees(files.pop(loader.base_env, {}), _read(registered)))
    for folder, parameters in files.items():
        for path in names.unknown({k: v for k, v in parameters.items() if not k.startswith("_")}):
            if names.near(path, least=0.8):
                yield f"conf/{folder}: {names.complaint(path)}"


def _read(registered: Mapping[str, Pipeline]) -> dict[str, Any]:
    """Returns the parameters that nodes read, nested, with nothing known of their values."""
    read: dict[str, Any] = {}
    for pipeline in registered.values():
        for name in pipeline.inputs():
            if name.startswith("params:"):
                *groups, last = name.removeprefix("params:").split(".")
                group = read
                for each in groups:
                    group = group.setdefault(each, {})
                group.setdefault(last, None)
    return read
