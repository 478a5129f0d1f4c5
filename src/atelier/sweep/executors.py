"""Trains the chunks of a study on several machines, through a Dask distributed cluster."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Literal

import dask
import pandas as pd
from distributed import Client, Future, LocalCluster, as_completed

from atelier.sweep.chunk_trainer import ChunkTrainer
from atelier.sweep.plan import Progress
from atelier.sweep.runner import Chunks, Executor, train_locally
from atelier.types import Arrays

SLOT = "sweep"
"""The resource of which a worker has one per GPU, or per machine without one."""
ALLOWED_DEATHS = 20
"""Workers that may die while they train a chunk before the chunk fails."""

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
    """
    if not chunks:
        return
    with ExitStack() as stack:
        if address is None:
            address = _local_scheduler(stack, workers)
        client = stack.enter_context(Client(address, set_as_default=False))
        _require_slots(client, address)
        futures = _submit(client, trainer, chunks, data)
        steps = trainer.plan.length(len(data["train_labels"]))
        for future, rows in as_completed(futures, loop=client.loop, with_results=True):
            progress(steps * len(rows))
            yield futures[future], rows
            future.release()


def _local_scheduler(stack: ExitStack, workers: int) -> str:
    """Starts a cluster of processes that ends with the stack, and returns its address."""
    deaths = {"distributed.scheduler.allowed-failures": ALLOWED_DEATHS}
    stack.enter_context(dask.config.set(deaths))
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        resources={SLOT: 1},
        dashboard_address=None,
        host="127.0.0.1",
    )
    return str(stack.enter_context(cluster).scheduler_address)


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


def _require_slots(client: Client, address: str) -> None:
    """Raises an error if no worker has a slot, since every chunk would wait for ever."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if workers and not any(worker["resources"].get(SLOT) for worker in workers):
        raise ValueError(
            f"Expected workers with a slot: dask worker {address} --nthreads 1 --resources "
            f"{SLOT}=1. Received: {len(workers)} workers without"
        )
