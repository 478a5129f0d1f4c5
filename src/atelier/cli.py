"""``kedro run`` as Kedro has it; only ``--params`` takes quotes, lists and names side by side."""

import copy
from collections.abc import Mapping
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import _config_file_callback

from atelier.configuration.arguments import parse_parameters
from atelier.configuration.names import arrange_parameters, nest_by_dots

HELP = (
    "Parameters of this run: NAME=VALUE, separated by commas. A value with a comma stands in "
    "quotes, a list in [brackets], a group in {braces}. docs/parameters.md has more."
)


def _parameters(context: click.Context, option: click.Parameter, value: Any) -> dict[str, Any]:
    """Reads the option's text, or takes what ``--config`` has in its place.

    Raises:
        click.BadParameter: If it cannot be read, or a name is a value and a group at once.
    """
    try:
        given = dict(value) if isinstance(value, Mapping) else parse_parameters(value)
        arrange_parameters(given)
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from None
    return given


def _runner_parameters(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Reads arguments of the runner, whose names Kedro nests by their dots."""
    return nest_by_dots(_parameters(context, option, value))


def _file(context: click.Context, option: click.Parameter, value: Any) -> Any:
    """Reads ``--config`` as Kedro does; a list there is what commas separate here."""
    path = _config_file_callback(context, option, value)
    given: dict[str, Any] = dict(context.default_map or {})
    context.default_map = given | {
        name: ",".join(map(str, several))
        for name, several in given.items()
        if isinstance(several, list)
    }
    return path


CALLBACKS = {"params": _parameters, "runner_params": _runner_parameters, "config": _file}


def _own(option: click.Parameter) -> click.Parameter:
    if not isinstance(option, click.Option) or option.name not in CALLBACKS:
        return option
    option = copy.copy(option)
    option.callback = CALLBACKS[option.name]
    option.help = HELP if option.name == "params" else option.help
    return option


run: click.Command = copy.copy(kedro_run)
run.params = [_own(option) for option in kedro_run.params]


@click.group(name="kedro")
def cli() -> None:
    """Commands of this project."""


cli.add_command(run)
