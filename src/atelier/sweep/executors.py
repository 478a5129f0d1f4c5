"""More than one machine: chunks through a Dask distributed cluster."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Literal

import dask
import pandas as pd
from distributed import Client, Future, LocalCluster, as_completed

from atelier.sweep.chunk_trainer import Trainer
from atelier.sweep.plan import Progress
from atelier.sweep.runner import Chunks, Executor, train_locally
from atelier.types import Arrays

SLOT = "sweep"
"""The resource of which a worker has one per GPU, or per machine without one."""
ALLOWED_DEATHS = 20
"""Workers that may die under one chunk before it is blamed."""

ExecutorName = Literal["local", "dask"]


def make_executor(name: ExecutorName, *, address: str | None = None, workers: int = 1) -> Executor:
    """Who trains the chunks.

    Args:
        name: ``local``: this process. ``dask``: a Dask cluster.
        address: Of the cluster's scheduler, such as ``tcp://host:8786``; its workers are started
            with ``dask worker ADDRESS --nthreads 1 --resources sweep=1``. None starts processes
            on this machine.
        workers: How many of these.
    """
    executors: dict[ExecutorName, Callable[[], Executor]] = {
        "local": lambda: train_locally,
        "dask": lambda: partial(_on_cluster, address, workers),
    }
    return executors[name]()


def _on_cluster(
    address: str | None,
    workers: int,
    trainer: Trainer,
    chunks: Chunks,
    data: Arrays,
    progress: Progress,
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Hands every chunk to a worker with a free slot; a dead worker's chunk goes to another."""
    if not chunks:
        return
    with ExitStack() as stack:
        if address is None:
            deaths = {"distributed.scheduler.allowed-failures": ALLOWED_DEATHS}
            stack.enter_context(dask.config.set(deaths))
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                resources={SLOT: 1},
                dashboard_address=None,
                host="127.0.0.1",
            )
            address = stack.enter_context(cluster).scheduler_address
        client = stack.enter_context(Client(address, set_as_default=False))
        _see_slots(client, address)
        # As a task, not scattered: when the worker that holds it dies, it is sent again.
        held = client.submit(dict, data, pure=False)
        futures: dict[Future, int] = {
            client.submit(
                _train, trainer, members, held, pure=False, resources={SLOT: 1}, retries=0
            ): index
            for index, members in chunks.items()
        }
        steps = trainer.plan.length(len(data["train_labels"]))
        for future, rows in as_completed(futures, loop=client.loop, with_results=True):
            progress(steps * len(rows))
            yield futures[future], rows
            future.release()


def _train(trainer: Trainer, members: pd.DataFrame, data: Arrays) -> pd.DataFrame:
    return trainer(members, data)


def _see_slots(client: Client, address: str) -> None:
    """Refuse a cluster on which a chunk would wait for ever."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if workers and not any(worker["resources"].get(SLOT) for worker in workers):
        raise ValueError(
            f"Expected workers with a slot: dask worker {address} --nthreads 1 --resources "
            f"{SLOT}=1. Received: {len(workers)} workers without"
        )
