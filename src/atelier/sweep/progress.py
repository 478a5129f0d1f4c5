"""How far a study is, and how fast."""

from collections.abc import Iterator
from contextlib import contextmanager

from atelier.sweep.plan import Progress


@contextmanager
def progress_bar(total: int, done: int) -> Iterator[Progress]:
    """A progress bar in member-steps, with throughput and time left.

    Where tqdm is not installed, the lines that tell of each finished chunk must do.
    """
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        yield lambda _: None
        return
    with tqdm(total=total, initial=done, unit=" steps", unit_scale=True, mininterval=1) as shown:
        yield shown.update
