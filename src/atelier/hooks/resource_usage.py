"""How long each experiment of a session takes, and how much memory the process needs meanwhile."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable

SAMPLED = 0.1
"""Seconds between two samples of the memory."""


def resident_memory() -> int:
    """Returns the bytes of this process that lie in main memory."""
    import psutil

    return int(psutil.Process().memory_info().rss)


class ResourceUsage:
    """Adds up the time of each experiment, and samples the memory of the process in a thread.

    Args:
        clock: Returns seconds.
        memory: Returns bytes.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        memory: Callable[[], int] = resident_memory,
    ) -> None:
        self._clock, self._memory = clock, memory
        self._stopped = threading.Event()
        self._seconds: defaultdict[Hashable, float] = defaultdict(float)
        self._peaks: defaultdict[Hashable, int] = defaultdict(int)
        self._active: Hashable = None
        self._began = self._since = clock()

    def start(self) -> None:
        """Begins to measure; what was measured before is forgotten."""
        self.stop()
        self._seconds.clear()
        self._peaks.clear()
        self._active = None
        self._began = self._since = self._clock()
        self._stopped = threading.Event()
        threading.Thread(target=self._sample_until, args=(self._stopped,), daemon=True).start()

    def stop(self) -> None:
        """Ends the sampling."""
        self._stopped.set()

    def enter(self, experiment: Hashable) -> None:
        """Counts what follows as an experiment's.

        Args:
            experiment: The experiment whose node begins; None for a node without a run.
        """
        self.sample()
        now = self._clock()
        self._seconds[self._active] += now - self._since
        self._active, self._since = experiment, now
        self.sample()

    def sample(self) -> None:
        """Notes the memory of this moment."""
        memory, active = self._memory(), self._active
        self._peaks[active] = max(self._peaks[active], memory)

    def seconds(self, experiment: Hashable) -> float:
        """Returns the time that an experiment's nodes have taken, with loading and saving."""
        running = self._clock() - self._since if experiment == self._active else 0.0
        return self._seconds[experiment] + running

    def peak(self, experiment: Hashable) -> int:
        """Returns the largest memory of the process while the experiment's nodes ran, in bytes."""
        return self._peaks[experiment]

    @property
    def total_seconds(self) -> float:
        """The time since the start."""
        return self._clock() - self._began

    @property
    def total_peak(self) -> int:
        """The largest memory of the process since the start, in bytes."""
        return max(list(self._peaks.values()), default=0)

    def _sample_until(self, stopped: threading.Event) -> None:
        while not stopped.wait(SAMPLED):
            self.sample()


def format_seconds(seconds: float) -> str:
    """Returns a duration as text.

    Examples:
        >>> format_seconds(12.34)
        '12.3 s'
    """
    return f"{seconds:,.1f} s"


def format_memory(size: int) -> str:
    """Returns a number of bytes as text.

    Examples:
        >>> format_memory(1_234_000_000)
        '1.23 GB'
    """
    return f"{size / 1e9:.2f} GB"
