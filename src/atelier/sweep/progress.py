"""A progress bar for a study."""

from collections.abc import Iterator
from contextlib import contextmanager

from atelier.sweep.plan import Progress

try:
    from tqdm import tqdm
except ModuleNotFoundError:  # on a bare machine
    tqdm = None


@contextmanager
def progress_bar(total: int, done: int) -> Iterator[Progress]:
    """Shows a progress bar in member-steps, with throughput and remaining time.

    It shows nothing where tqdm is not installed, and where standard error is no terminal: the log
    has a line for each finished chunk.

    Yields:
        A function that takes the number of member-steps done since its last call.
    """
    if tqdm is None:
        yield lambda _: None
        return
    options = {"unit": " steps", "unit_scale": True, "leave": False, "disable": None}
    with tqdm(total=total, initial=done, mininterval=1, **options) as bar:
        yield bar.update
