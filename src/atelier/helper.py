"""``python -m atelier.helper``: the second process of a `kedro run`, which that command starts."""

import logging
import sys
from multiprocessing.connection import Connection

import click
from kedro.framework.project import configure_project

from atelier.incremental import begin_to_help
from atelier.incremental.instructions import TellingHandler

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
    configure_project(__package__)
    logging.getLogger().handlers[:] = [TellingHandler(instructions)]
    command = instructions.message
    sys.argv[:] = command.arguments
    from atelier.cli import run, run_pipelines

    context = click.Context(run, info_name=run.name)
    context.params = dict(command.options)
    try:
        with context:
            run_pipelines(context.params, helper=RUNNER)
    except SystemExit:  # the command has stopped it, and says why
        return 1
    except Exception as error:  # noqa: BLE001  (the command raises it)
        instructions.tell_error(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
