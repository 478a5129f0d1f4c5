"""The line at the bottom of a terminal that says what runs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

EVERY_SECONDS = 1.0


class LiveLine:
    """Writes a text again every second, below all other lines; nothing out of a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stopped = threading.Event()

    def start(self, text: Callable[[], str]) -> None:
        """Begins to show a text.

        Args:
            text: Returns the text of the moment.
        """
        self.stop()
        if not sys.stderr.isatty():
            return
        from tqdm import tqdm

        self._bar = tqdm(bar_format="{desc}", leave=False, dynamic_ncols=True)
        self._bar.set_description_str(text())
        self._stopped = threading.Event()
        arguments = (self._bar, text, self._stopped)
        threading.Thread(target=_show, args=arguments, daemon=True).start()

    def stop(self) -> None:
        """Clears the line."""
        self._stopped.set()
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _show(bar: Any, text: Callable[[], str], stopped: threading.Event) -> None:
    while not stopped.wait(EVERY_SECONDS):
        bar.set_description_str(text())
