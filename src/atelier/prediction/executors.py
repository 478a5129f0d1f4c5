"""Labels parts in this process, or on the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pyarrow as pa

from atelier.prediction.model import ServedModel
from atelier.prediction.parts import PicturePart, label_part

AHEAD = 2
"""Parts that wait or are labelled for each worker: so many are in memory."""
Executor = Callable[[ServedModel, Iterator[PicturePart], int], Iterator[tuple[int, pa.Table]]]
"""Labels parts with a number of threads; yields index and table of each, in any order."""


def choose_executor(address: str | None) -> Executor:
    """Returns what labels parts.

    Args:
        address: Of a Dask scheduler, such as ``tcp://host:8786``, whose workers have a slot
            (``dask worker ADDRESS --nthreads 1 --resources sweep=1``); None is this process.
    """
    return partial(_label_on_cluster, address) if address else label_here


def label_here(
    model: ServedModel, parts: Iterator[PicturePart], threads: int
) -> Iterator[tuple[int, pa.Table]]:
    """Labels one part after another in this process.

    Args:
        model: Labels them.
        parts: The pictures.
        threads: Of TensorFlow.

    Yields:
        Index and table of each part.
    """
    for part in parts:
        yield part.index, label_part(part, model, threads)


def _label_on_cluster(
    address: str, model: ServedModel, parts: Iterator[PicturePart], threads: int
) -> Iterator[tuple[int, pa.Table]]:
    """Sends the files' bytes to workers, which decode and label them; none needs to see a file.

    Args:
        address: Of the scheduler.
        model: Labels them.
        parts: The pictures.
        threads: Of TensorFlow.

    Yields:
        Index and table of each part, in the order in which they are finished.
    """
    from distributed import as_completed

    from atelier.training.cluster import SLOT, connect, count_slots, require_result

    with connect(address) as client:
        # As a task, not scattered: when the worker that holds the model dies, it is sent again.
        shared = client.submit(_itself, model, pure=False)
        finished = as_completed(loop=client.loop, with_results=True)
        running: dict[Any, int] = {}

        def submit_next() -> None:
            part = next(parts, None)
            if part is not None:
                options = {"pure": False, "resources": {SLOT: 1}, "retries": 0}
                future = client.submit(label_part, part, shared, threads, **options)
                running[future] = part.index
                finished.add(future)

        for _ in range(AHEAD * max(1, count_slots(client))):
            submit_next()
        for future, result in finished:
            yield running.pop(future), require_result(future, result)
            future.release()
            submit_next()


def _itself(model: ServedModel) -> ServedModel:
    return model
