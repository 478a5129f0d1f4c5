"""SIGTERM ends a session as Ctrl-C does: Python exits, and the runs of the session are closed."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType


def exit_on_sigterm() -> None:
    """Makes SIGTERM exit Python, unless the program has a handler of its own.

    Otherwise the process would end at once, and its runs would stay open. ``docker stop``, systemd
    and Kubernetes send this signal.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit)


def restore_sigterm() -> None:
    """Restores the system's reaction to SIGTERM, if :func:`exit_on_sigterm` has replaced it."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    if in_main_thread and signal.getsignal(signal.SIGTERM) is _exit:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
