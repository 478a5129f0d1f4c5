"""A second process that runs some experiments of a command."""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import Pipe
from typing import Any, NamedTuple

from atelier.incremental.instructions import ENDED, ERROR, LOG
from atelier.incremental.step_queue import HELPER, StepQueue

SECONDS_TO_STOP = 60.0
"""Time after which a helper that was told to stop is killed."""

Handlers = Mapping[str, Callable[[Any], None]]


class HelperStart(NamedTuple):
    """How a helper starts.

    Attributes:
        command: A program that begins the same session with :class:`HelperRunner`. It gets the
            numbers of two pipes as its last arguments: commands to read, events to write.
        message: What it gets first; can be pickled.
        environment: Its environment variables.
    """

    command: Sequence[str]
    message: Any
    environment: Mapping[str, str]


class Helper:
    """The helper of a run: a process, and a thread that gives it steps and hears its events.

    Ctrl-C on a terminal reaches the process of the command alone, which stops the helper.

    Args:
        start: Its command and first message.
        steps: Where it takes steps from.
        handlers: What is done at the events ``BEGUN``, ``ENDED`` and ``MESSAGE``, in the thread.
    """

    def __init__(self, start: HelperStart, steps: StepQueue, handlers: Handlers) -> None:
        self._steps, self._number = steps, -1
        self._handlers: Handlers = {LOG: _log, ERROR: self._note_error, **handlers}
        self._sending, self._is_done = threading.Lock(), False
        self._error: Exception | None = None
        theirs, self._commands = Pipe(duplex=False)
        self._events, events = Pipe(duplex=False)
        numbers = [theirs.fileno(), events.fileno()]
        with without_interrupt():
            self._process = subprocess.Popen(  # noqa: S603
                [*start.command, *map(str, numbers)],
                env=start.environment,
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
            )
        theirs.close()
        events.close()
        self._send(start.message)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Waits until the helper has ended by itself."""
        self._thread.join()

    def stop(self, reason: str) -> None:
        """Stops the helper, and waits until it has ended.

        Args:
            reason: Why its experiments end before their last node.
        """
        self._steps.close()
        if not self._is_done:
            self._is_done = True
            self._send(reason)
        try:
            self._thread.join(SECONDS_TO_STOP)
        finally:
            self._process.kill()

    def _send(self, content: Any) -> None:
        """Sends something; the end of a helper is noticed elsewhere."""
        try:
            with self._sending:
                self._commands.send(content)
        except OSError:
            pass

    def _follow(self) -> None:
        """Gives steps and hears events until the helper ends; the queue gets its error."""
        self._give_step()
        try:
            while True:
                self._hear(*self._events.recv())
        except (EOFError, OSError):
            status = self._process.wait()
        except Exception as error:  # noqa: BLE001  (a thread must not end without a word)
            self._steps.fail(error)
            return
        if self._error is None and not (self._is_done and status == 0):
            self._error = ChildProcessError(
                "Expected the second process of the run to end after its last step. Received: its "
                f"end with status {status}, killed or out of memory. The same command goes on; "
                "with --params processes=1 in one process"
            )
        if self._error:
            self._steps.fail(self._error)

    def _hear(self, kind: str, content: Any) -> None:
        self._handlers[kind](content)
        if kind == ENDED:
            self._steps.finish(self._number)
            self._give_step()

    def _give_step(self) -> None:
        number = self._steps.take(HELPER)
        if number is None and self._is_done:
            return
        self._is_done = number is None
        self._number = -1 if number is None else number
        self._send(number)

    def _note_error(self, error: Exception) -> None:
        self._error = error


@contextmanager
def without_interrupt() -> Iterator[None]:
    """Blocks Ctrl-C for a moment, and for good in a process that starts meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _log(record: logging.LogRecord) -> None:
    logging.getLogger(record.name).handle(record)
