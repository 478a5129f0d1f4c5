"""What a Dask cluster says that is not there, or not there any more."""

import contextlib
import socket
import subprocess
import sys
from types import SimpleNamespace

import dask
import pytest
from distributed import as_completed
from support.servers import free_port

from atelier.training.cluster import connect, require_result


def test_a_scheduler_that_is_not_there_is_said_in_words():
    address = f"tcp://127.0.0.1:{free_port()}"
    words = f"Expected a Dask scheduler at {address}.* Received: Timed out"
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(ConnectionError, match=words),
        connect(address),
    ):
        pass


def test_a_scheduler_that_is_killed_is_said_in_words_instead_of_given_as_a_result():
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    where = ("--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
    scheduler = subprocess.Popen([sys.executable, "-m", "dask", "scheduler", *where])
    try:
        with connect(address) as client:
            waiting = client.submit(abs, -1)  # there is no worker
            finished = as_completed([waiting], loop=client.loop, with_results=True)
            scheduler.kill()
            future, result = next(finished)
            with pytest.raises(ConnectionError, match=r"Expected a Dask scheduler .* Received"):
                require_result(future, result)
    finally:
        scheduler.kill()
        scheduler.wait()


def test_a_result_is_returned():
    future = SimpleNamespace(cancelled=lambda: False)
    assert require_result(future, 1) == 1


def test_a_cluster_of_this_machine_starts_beside_others_without_a_warning():
    """Dask's own port, 8787, is taken as soon as there is another one; a warning is an error."""
    with socket.socket() as taken:
        with contextlib.suppress(OSError):  # it is taken already
            taken.bind(("127.0.0.1", 8787))
            taken.listen()
        with connect(None) as client:
            assert client.submit(abs, -1).result() == 1
