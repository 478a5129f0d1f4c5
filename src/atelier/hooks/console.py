"""What a command writes to the console: its own messages, warnings and errors."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

from atelier.incremental.run_steps import NODES

PACKAGE = "atelier"
LIBRARY_WARNINGS = "py.warnings"
"""The logger of Python's warnings: remarks of libraries about each other."""
EVERY_SECONDS = 60.0
"""Out of a terminal, time without a line after which a detail is shown."""


class ConsoleFilter(logging.Filter):
    """Passes the project's messages and all warnings; details stay in the log file.

    Details are the progress within a node (level DEBUG), the nodes' names and what Kedro logs. A
    console that is not a terminal has no live line: there, a detail of the progress is passed
    when nothing has been shown for a minute.

    Args:
        verbose: Whether everything from level INFO is passed.
        is_terminal: Whether the console is a terminal.
        clock: Returns seconds.
    """

    def __init__(
        self, *, verbose: bool, is_terminal: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self._verbose, self._is_terminal, self._clock = verbose, is_terminal, clock
        self._last = clock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether a record is shown."""
        is_shown = self._is_shown(record) or self._is_due(record)
        if is_shown:
            self._last = self._clock()
        return is_shown

    def _is_shown(self, record: logging.LogRecord) -> bool:
        if self._verbose:
            return record.levelno >= logging.INFO
        if record.levelno >= logging.ERROR:
            return True
        if record.levelno >= logging.WARNING:
            return record.name != LIBRARY_WARNINGS
        return record.levelno >= logging.INFO and _is_ours(record) and record.name != NODES

    def _is_due(self, record: logging.LogRecord) -> bool:
        is_progress = _is_ours(record) and record.name != NODES
        is_silent = self._clock() - self._last >= EVERY_SECONDS
        return is_progress and is_silent and not self._is_terminal


class ConsoleFormatter(logging.Formatter):
    """Writes messages as they are, details indented, the level before warnings and errors."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the text of a record."""
        text = super().format(record)
        if record.levelno < logging.INFO:
            return f"  {text}"
        return f"{record.levelname}: {text}" if record.levelno >= logging.WARNING else text


class ConsoleHandler(logging.Handler):
    """Writes to standard output, above the progress bars of a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(ConsoleFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record."""
        from tqdm import tqdm

        text = self.format(record)
        with tqdm.external_write_mode(file=sys.stdout):
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] == PACKAGE
