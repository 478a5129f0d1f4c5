"""``python -m atelier.helper``: the second process of a `kedro run`, which that command starts."""

from __future__ import annotations

import logging
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import click
from kedro.framework.project import configure_project

from atelier.incremental import begin_to_help
from atelier.incremental.instructions import TellingHandler

if TYPE_CHECKING:
    from atelier.hooks.helpers import CommandOfHelper

RUNNER = "atelier.incremental.HelperRunner"


def main(commands: int, events: int) -> int:
    """Runs the steps that the command gives, in a session with the command's own options.

    Args:
        commands: Descriptor of the pipe that gives instructions.
        events: Descriptor of the pipe that takes what is told.

    Returns:
        The exit code.
    """
    instructions = begin_to_help(
        Connection(commands, writable=False), Connection(events, readable=False)
    )
    try:
        configure_project(__package__)
        logging.getLogger().handlers[:] = [TellingHandler(instructions)]
        run_session(instructions.message)
    except SystemExit:  # the command has stopped it, and says why
        return 1
    except Exception as error:  # noqa: BLE001  (the command raises it)
        instructions.tell_error(error)
        return 1
    return 0


def run_session(command: CommandOfHelper) -> None:
    """Runs a session with the options of a command, as if it stood on the command line.

    Args:
        command: What the command tells first.
    """
    from atelier.cli import run, run_pipelines

    sys.argv[:] = command.arguments
    context = click.Context(run, info_name=run.name)
    context.params = dict(command.options)
    with context:
        run_pipelines(context.params, helper=RUNNER)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
