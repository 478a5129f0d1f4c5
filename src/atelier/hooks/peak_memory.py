"""How much memory the process needs while the nodes of each experiment run."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable

SAMPLED = 0.1
"""Seconds between two samples."""


def resident_memory() -> int:
    """Returns the bytes of this process that lie in main memory."""
    import psutil

    return int(psutil.Process().memory_info().rss)


class PeakMemory:
    """Samples the memory of the process in a thread, for the experiment that runs.

    Args:
        memory: Returns bytes.
    """

    def __init__(self, memory: Callable[[], int] = resident_memory) -> None:
        self._memory = memory
        self._stopped = threading.Event()
        self._peaks: defaultdict[Hashable, int] = defaultdict(int)
        self._active: Hashable = None

    def start(self) -> None:
        """Begins to sample; earlier samples are forgotten."""
        self.stop()
        self._peaks.clear()
        self._active = None
        self._stopped = threading.Event()
        threading.Thread(target=self._sample_until, args=(self._stopped,), daemon=True).start()

    def stop(self) -> None:
        """Ends the sampling."""
        self._stopped.set()

    def enter(self, experiment: Hashable) -> None:
        """Counts samples from now on as an experiment's.

        Args:
            experiment: The experiment whose node begins; None for a node without a run.
        """
        self.sample()
        self._active = experiment
        self.sample()

    def sample(self) -> None:
        """Notes the memory of this moment."""
        memory, active = self._memory(), self._active
        self._peaks[active] = max(self._peaks[active], memory)

    def of(self, experiment: Hashable) -> int:
        """Returns the largest memory of the process while an experiment's nodes ran, in bytes."""
        return self._peaks[experiment]

    @property
    def total(self) -> int:
        """The largest memory of the process since the start, in bytes."""
        return max(list(self._peaks.values()), default=0)

    def _sample_until(self, stopped: threading.Event) -> None:
        while not stopped.wait(SAMPLED):
            self.sample()


def format_memory(size: int) -> str:
    """Returns a number of bytes as text.

    Examples:
        >>> format_memory(1_234_000_000)
        '1.23 GB'
    """
    return f"{size / 1e9:.2f} GB"
