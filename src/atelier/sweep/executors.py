"""Trains the chunks of a study on several machines, through a Dask distributed cluster."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

import pandas as pd
from distributed import Client, Future, as_completed

from atelier.sweep.chunk_trainer import ChunkTrainer
from atelier.sweep.plan import Progress
from atelier.sweep.runner import Chunks, Executor, train_locally
from atelier.training.cluster import SLOT, connect, require_result
from atelier.types import Arrays

ExecutorName = Literal["local", "dask"]


def make_executor(name: ExecutorName, *, address: str | None = None, workers: int = 1) -> Executor:
    """Returns what trains the chunks of a study.

    Args:
        name: ``local``: this process. ``dask``: a Dask cluster.
        address: Of the cluster's scheduler, such as ``tcp://host:8786``; its workers are started
            with ``dask worker ADDRESS --nthreads 1 --resources sweep=1``. None starts processes
            on this machine.
        workers: Number of these processes.

    Returns:
        An executor for :func:`atelier.sweep.run_study`.
    """
    return train_locally if name == "local" else partial(_train_on_cluster, address, workers)


def _train_on_cluster(
    address: str | None,
    workers: int,
    trainer: ChunkTrainer,
    chunks: Chunks,
    data: Arrays,
    progress: Progress,
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Gives every chunk to a worker with a free slot; if the worker dies, to another one.

    Yields:
        The index and the rows of each chunk, in the order in which they are finished.

    Raises:
        ConnectionError: If there is no scheduler, or if it ends.
    """
    if not chunks:
        return
    with connect(address, workers) as client:
        futures = _submit(client, trainer, chunks, data)
        steps = trainer.plan.length(len(data["train_labels"]))
        for future, result in as_completed(futures, loop=client.loop, with_results=True):
            rows = require_result(future, result)
            progress(steps * len(rows))
            yield futures[future], rows
            future.release()


def _submit(
    client: Client, trainer: ChunkTrainer, chunks: Chunks, data: Arrays
) -> dict[Future, int]:
    # As a task, not scattered: when the worker that holds the data dies, they are sent again.
    shared = client.submit(dict, data, pure=False)
    options = {"pure": False, "resources": {SLOT: 1}, "retries": 0}
    return {
        client.submit(_train, trainer, members, shared, **options): index
        for index, members in chunks.items()
    }


def _train(trainer: ChunkTrainer, members: pd.DataFrame, data: Arrays) -> pd.DataFrame:
    return trainer(members, data)
