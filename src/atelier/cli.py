"""Kedro's ``kedro run``, whose ``--params`` also takes quotes, lists and groups.

Nodes and namespaces can be named without the pipeline before them: ``--namespaces digits``. A file
of the user, such as ``--params logits=FILE``, selects the pipeline that takes it.
``kedro viz run`` and ``kedro viz build`` are those of :mod:`atelier.operations.graph`.
"""

import copy
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import _config_file_callback
from kedro.framework.project import pipelines

from atelier.configuration.arguments import parse_parameters
from atelier.configuration.file_pipelines import select_file_pipelines
from atelier.configuration.names import arrange_parameters, nest_by_dots
from atelier.configuration.node_names import complete_options
from atelier.configuration.rerun import choose_runner
from atelier.storage.disk_errors import describe_disk_error

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # Kedro-Viz speaks of click's old names
    from kedro_viz.launchers.cli.main import viz

HELP = (
    "Parameters of this run: NAME=VALUE, separated by commas. Write a value with a comma in "
    "quotes, a list in [brackets], a group in {braces}. See docs/guides/parameters.md."
)


def _parameters(context: click.Context, option: click.Parameter, value: Any) -> dict[str, Any]:
    """Parses the option's text, or takes the mapping that ``--config`` has instead.

    Raises:
        click.BadParameter: If the text cannot be parsed, or a name is a value and a group.
    """
    try:
        parameters = dict(value) if isinstance(value, Mapping) else parse_parameters(value)
        arrange_parameters(parameters)
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from None
    return parameters


def _runner_parameters(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Parses the arguments of the runner, and nests them by their dots as Kedro does."""
    return nest_by_dots(_parameters(context, option, value))


def _file(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Reads ``--config`` as Kedro does, and joins lists by commas as the options have them."""
    path = _config_file_callback(context, option, value)
    options: dict[str, Any] = dict(context.default_map or {})
    context.default_map = options | {
        name: ",".join(map(str, values))
        for name, values in options.items()
        if isinstance(values, list)
    }
    return path


CALLBACKS = {"params": _parameters, "runner_params": _runner_parameters, "config": _file}


def _extended(option: click.Parameter) -> click.Parameter:
    if not isinstance(option, click.Option) or option.name not in CALLBACKS:
        return option
    option = copy.copy(option)
    option.callback = CALLBACKS[option.name]
    option.help = HELP if option.name == "params" else option.help
    return option


def _run(**options: Any) -> Any:
    """Runs pipelines as Kedro does, with the options of the command line."""
    return run_pipelines(options)


def run_pipelines(options: Mapping[str, Any], helper: str | None = None) -> Any:
    """Runs pipelines as Kedro does, with whole names of nodes and namespaces.

    A command that names no runner leaves out unchanged nodes.

    Args:
        options: Those of ``kedro run`` by Kedro's names.
        helper: The runner of a process that helps a command; None for a command.

    Raises:
        click.UsageError: If a file is given to a pipeline that is not named, or ``force`` or
            ``explain`` to another runner.
        click.ClickException: If the disk is full or may not be written.
    """
    try:
        options = choose_runner(select_file_pipelines(options, list(pipelines)))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    options["runner"] = helper or options["runner"]
    try:
        return kedro_run.callback(**complete_options(options, pipelines))  # type: ignore[misc]
    except Exception as error:
        if words := describe_disk_error(error, Path.cwd()):
            raise click.ClickException(words) from error
        raise


run: click.Command = copy.copy(kedro_run)
run.params = [_extended(option) for option in kedro_run.params]
run.callback = _run


@click.group(name="kedro")
def cli() -> None:
    """Commands of this project."""


cli.add_command(run)
GRAPH = "atelier.operations.graph"
viz.lazy_subcommands |= {name: f"{GRAPH}.{name}" for name in ("run", "build")}
