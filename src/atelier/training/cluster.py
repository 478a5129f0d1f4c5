"""A Dask cluster whose workers have slots: one for each GPU, or each machine without one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import dask
from distributed import Client, Future, LocalCluster

T = TypeVar("T")
SLOT = "sweep"
"""The resource of which a worker has one per GPU, or per machine without one."""
ALLOWED_DEATHS = 20
"""Workers that may die while they do a task before the task fails."""
LARGE_TASK = "100 MB"
"""Size from which Dask warns of a task: pictures travel with it."""


@contextmanager
def connect(address: str | None, workers: int = 1) -> Iterator[Client]:
    """Connects to a cluster whose workers have slots.

    Args:
        address: Of the cluster's scheduler, such as ``tcp://host:8786``; its workers are started
            with ``dask worker ADDRESS --nthreads 1 --resources sweep=1``. None starts processes
            on this machine, which end with the context.
        workers: Number of these processes.

    Yields:
        The client.

    Raises:
        ConnectionError: If no scheduler answers at the address.
        ValueError: If there are workers, but none has a slot: every task would wait for ever.
    """
    settings = {
        "distributed.scheduler.allowed-failures": ALLOWED_DEATHS,
        "distributed.admin.large-graph-warning-threshold": LARGE_TASK,
    }
    with dask.config.set(settings):
        if address is not None:
            with _client(address) as client:
                _require_slots(client, address)
                yield client
            return
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                resources={SLOT: 1},
                dashboard_address="127.0.0.1:0",  # any free port; Dask takes 8787 otherwise
                host="127.0.0.1",
            ) as cluster,
            Client(cluster.scheduler_address, set_as_default=False) as client,
        ):
            yield client


def _client(address: str) -> Client:
    try:
        return Client(address, set_as_default=False)
    except OSError as error:
        raise ConnectionError(
            f"Expected a Dask scheduler at {address}, as dask scheduler starts it. "
            f"Received: {error}"
        ) from error


def require_result(future: Future, result: T) -> T:
    """Returns the result of a future from ``as_completed``.

    Where the scheduler is gone, ``as_completed`` gives errors in the place of results.

    Raises:
        ConnectionError: If the future was cancelled, since its scheduler is gone.
    """
    if future.cancelled():
        raise ConnectionError(
            "Expected a Dask scheduler until the last task has ended. Received: it is gone. "
            "With a new scheduler the same command goes on"
        )
    return result


def count_slots(client: Client) -> int:
    """Returns the number of slots of all workers."""
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return sum(int(worker["resources"].get(SLOT, 0)) for worker in workers)


def _require_slots(client: Client, address: str) -> None:
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if workers and not any(worker["resources"].get(SLOT) for worker in workers):
        raise ValueError(
            f"Expected workers with a slot: dask worker {address} --nthreads 1 --resources "
            f"{SLOT}=1. Received: {len(workers)} workers without"
        )
