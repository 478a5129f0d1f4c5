"""The second process of `kedro run`: how it starts, and whether this process is one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import psutil

from atelier.configuration.command_line import run_options
from atelier.hooks.active_runs import active_run_id
from atelier.hooks.tensorflow_messages import own_environment
from atelier.incremental import HelperStart, current_instructions
from atelier.incremental.configuration import check_processes

GIBIBYTE = 2**30
MEMORY = 6 * GIBIBYTE
"""Available memory, in bytes, that two processes need."""


class CommandOfHelper(NamedTuple):
    """What a helper is told first.

    Attributes:
        arguments: ``sys.argv`` of the command.
        options: The parsed options of ``kedro run``.
        run_id: The id of the command's MLflow run; empty where nothing is tracked.
    """

    arguments: list[str]
    options: Mapping[str, Any]
    run_id: str


def helper_start() -> HelperStart:
    """Returns how the second process of the present ``kedro run`` starts."""
    message = CommandOfHelper(sys.argv, run_options(), active_run_id())
    return HelperStart([sys.executable, "-m", "atelier.helper"], message, own_environment())


def command_of_helper() -> CommandOfHelper | None:
    """Returns what this process was told where it is a helper, else None."""
    instructions = current_instructions()
    return instructions.message if instructions else None


def possible_processes(wanted: int) -> int:
    """Returns how many processes may run nodes: one where cores or memory do not suffice.

    Args:
        wanted: As ``conf/`` says.

    Raises:
        ValueError: If that is neither 1 nor 2.
    """
    check_processes(wanted)
    cores = os.cpu_count() or 1
    suffices = cores >= wanted and psutil.virtual_memory().available >= MEMORY
    return wanted if suffices else 1
