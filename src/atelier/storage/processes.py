"""Names of processes, from which any process of the host can tell later whether they have ended."""

from __future__ import annotations

import os
import socket
from pathlib import Path

PROCESS = "atelier.process"
"""The tag that names the process of an MLflow run."""
NAMESPACE = Path("/proc/self/ns/pid")
"""Linux: the namespace that process numbers belong to; a container has its own."""


def this_process() -> str:
    """Returns the name of this process, as :func:`process_name` does."""
    return process_name(os.getpid())


def process_name(number: int) -> str:
    """Returns host, number and start time of a process, which no other process ever shares.

    The start counts from the start of the machine, so that setting the clock does not change it.

    Args:
        number: The number of a living process of this host.

    Raises:
        ProcessLookupError: If no process has this number.
    """
    return f"{_host()}/{number}/{_start(number)}"


def is_dead(process: str) -> bool:
    """Returns whether a process of this host has ended; False for other hosts, which are unknown.

    Args:
        process: A name that :func:`process_name` returned.
    """
    host, number, _ = process.split("/")
    if host != _host():
        return False
    try:
        return process_name(int(number)) != process
    except ProcessLookupError:
        return True


def _host() -> str:
    """Returns the host's name; on Linux with the number of the process namespace."""
    try:
        namespace = f":{NAMESPACE.stat().st_ino}"
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}{namespace}"


def _start(number: int) -> str:
    """Returns when a process began: on Linux in ticks of the clock, elsewhere in seconds."""
    if NAMESPACE.exists():  # no library is needed, as on the bare machines of the sweep
        try:
            status = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            raise ProcessLookupError(number) from None
        return status.rpartition(")")[2].split()[19]  # field 22; the name before may have spaces
    import psutil

    try:
        return f"{psutil.Process(number).create_time() - psutil.boot_time():.2f}"
    except psutil.NoSuchProcess:
        raise ProcessLookupError(number) from None
