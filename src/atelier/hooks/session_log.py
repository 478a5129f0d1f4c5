"""Where the messages of a session go: the console has few of them, the log file all."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from atelier.hooks.console import ConsoleFilter, ConsoleHandler
from atelier.hooks.log_file import open_log_file

logger = logging.getLogger(__name__)

FOLDER = "logs"
OWN_CONFIGURATION = "KEDRO_LOGGING_CONFIG"
"""Kedro's variable that names a configuration of logging. Then the console is left as it is."""
DETAILED: Mapping[str, int] = {
    "atelier": logging.DEBUG,
    "kedro": logging.INFO,
    "kedro.io.data_catalog": logging.INFO,
    "kedro.pipeline.node": logging.INFO,
    "py.warnings": logging.WARNING,
}
"""Levels of loggers while a log file has their messages."""


class SessionLog:
    """Replaces the console's handlers by the session's own, and writes a log file."""

    def __init__(self) -> None:
        self._own: list[logging.Handler] = []
        self._replaced: list[logging.Handler] = []
        self._levels: dict[str, int] = {}
        self.path: Path | None = None

    def pass_on(self) -> None:
        """Begins in a helper, whose messages the process of the command writes."""
        self.end()
        self._set_levels()

    def begin(self, project: Path, *, verbose: bool, has_file: bool = True) -> None:
        """Begins; ends what a session that was interrupted has left.

        Args:
            project: The folder of the project, in which the log files lie in ``logs/``.
            verbose: Whether the console has all messages from level INFO.
            has_file: Whether there is a log file.
        """
        self.end()
        if OWN_CONFIGURATION not in os.environ:
            self._replace_console(verbose=verbose)
        if has_file:
            self._open_file(project / FOLDER)

    def end(self) -> None:
        """Restores the handlers and levels from before."""
        root = logging.getLogger()
        for handler in self._own:
            root.removeHandler(handler)
            handler.close()
        for handler in self._replaced:
            root.addHandler(handler)
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)
        self._own, self._replaced, self._levels, self.path = [], [], {}, None

    def _replace_console(self, *, verbose: bool) -> None:
        root = logging.getLogger()
        self._replaced = [handler for handler in root.handlers if _is_console(handler)]
        for handler in self._replaced:
            root.removeHandler(handler)
        console = ConsoleHandler()
        console.addFilter(ConsoleFilter(verbose=verbose, is_terminal=sys.stderr.isatty()))
        self._add(console)

    def _open_file(self, folder: Path) -> None:
        """Opens the log file; a folder that cannot be written to stops no run."""
        try:
            handler = open_log_file(folder)
        except OSError as error:
            logger.warning("There is no log file: %s", error)
            return
        self.path = Path(handler.baseFilename)
        self._set_levels()
        self._add(handler)

    def _set_levels(self) -> None:
        for name, level in DETAILED.items():
            self._levels[name] = logging.getLogger(name).level
            logging.getLogger(name).setLevel(level)

    def _add(self, handler: logging.Handler) -> None:
        logging.getLogger().addHandler(handler)
        self._own.append(handler)


def _is_console(handler: logging.Handler) -> bool:
    """Returns whether a handler writes to the console: Kedro's, or one of a stream."""
    from rich.logging import RichHandler

    streams = (sys.stdout, sys.stderr)
    return isinstance(handler, RichHandler) or getattr(handler, "stream", None) in streams
