"""How tests wait: for as long as it takes, since no test may fail because a machine is slow."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 3000
"""Seconds after which a process counts as hanging."""


def wait_until(condition: Callable[[], T], *, every: float = 0.05) -> T:
    """Returns what the condition gives, as soon as that is true.

    Raises:
        TimeoutError: It was false for as long as patience lasts.
    """
    until = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > until:
            raise TimeoutError(f"Expected {condition} to become true within {PATIENCE} s")
        time.sleep(every)
    return value
