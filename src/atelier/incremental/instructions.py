"""What a helper process hears from the process of the command, and what it tells it."""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any

LOG, BEGUN, ENDED, MESSAGE, ERROR = "log", "begun", "ended", "message", "error"
"""Kinds of events that a helper tells."""
ORPHANED = "the process of the command has ended"
SECONDS_TO_END = 60.0
"""Time after which a helper that was stopped ends, whatever it does."""


class Instructions:
    """Receives the steps that a helper runs; stops it when the command stops or is gone.

    Args:
        commands: Gives a message of the project, then numbers of steps; None after the last one,
            or a text: why the helper must stop.
        events: Takes what the helper tells.
    """

    def __init__(self, commands: Connection, events: Connection) -> None:
        self._commands, self._events = commands, events
        self._sending = threading.Lock()
        self._numbers: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._reason = ORPHANED
        self.message: Any = commands.recv()

    def begin(self) -> None:
        """Begins to listen."""
        signal.signal(signal.SIGTERM, self._exit)
        threading.Thread(target=self._listen, daemon=True).start()

    def numbers(self) -> Iterator[int]:
        """Yields the numbers of the steps to run, as they come."""
        while (number := self._numbers.get()) is not None:
            yield number

    def tell(self, kind: str, content: Any) -> None:
        """Tells the process of the command something; nothing where that process is gone.

        Args:
            kind: Of the event.
            content: Anything that can be pickled.
        """
        try:
            with self._sending:
                self._events.send((kind, content))
        except OSError:
            pass

    def tell_error(self, error: Exception) -> None:
        """Tells the error that ended the helper, with its traceback as a note."""
        text = "".join(traceback.format_exception(error))
        error.add_note(f"In the second process of the run:\n{text}")
        self.tell(ERROR, error if _can_be_sent(error) else RuntimeError(_in_words(error)))

    def _listen(self) -> None:
        try:
            while isinstance(received := self._commands.recv(), int):
                self._numbers.put(received)
        except (EOFError, OSError):
            received = ORPHANED
        if received is None:
            self._numbers.put(None)
            return
        self._reason = received
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SECONDS_TO_END)
        os._exit(1)

    def _exit(self, number: int, frame: FrameType | None) -> None:
        """Ends the helper once: what its end writes is not interrupted again."""
        del frame
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(self._reason)


class TellingHandler(QueueHandler):
    """Passes log records on to the process of the command, whose console and log file get them."""

    def __init__(self, instructions: Instructions) -> None:
        super().__init__(queue.SimpleQueue())
        self._instructions = instructions

    def enqueue(self, record: logging.LogRecord) -> None:
        """Tells a record, which is prepared for pickling."""
        self._instructions.tell(LOG, record)


_current: list[Instructions] = []


def begin_to_help(commands: Connection, events: Connection) -> Instructions:
    """Makes this process a helper, and returns its instructions."""
    _current[:] = [Instructions(commands, events)]
    _current[0].begin()
    return _current[0]


def current_instructions() -> Instructions | None:
    """Returns the instructions of a helper process; None in another process."""
    return _current[0] if _current else None


def tell_command(message: Any) -> None:
    """Tells the hooks ``on_helper_message`` of the command something; only a helper does.

    Args:
        message: Anything that can be pickled.
    """
    if _current:
        _current[0].tell(MESSAGE, message)


def _can_be_sent(error: Exception) -> bool:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  (of this process)
    except Exception:  # noqa: BLE001  (an error's own methods may raise anything)
        return False
    return True


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
