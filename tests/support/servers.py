"""Servers of a finished project, for as long as a test looks at them."""

import contextlib
import functools
import http.server
import os
import signal
import socket
import threading
import urllib.request

from support.fork_server import fork_server
from support.patience import PATIENCE, wait_until

WITHOUT_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
"""MLflow's server would start six processes for jobs, which nobody gives them here."""


def serve(project, *command: str, health: str):
    """A server of the finished project, until the test is over."""
    environment = project.environment | {"KEDRO_ENV": "test"} | WITHOUT_JOBS
    with (project.folder / "server.log").open("w") as log:
        server = fork_server().start(
            "-m", *command, cwd=project.folder, env=environment, output=log, new_session=True
        )
    try:
        wait_for(health, server, project.folder / "server.log")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(PATIENCE)


def wait_for(address, server, log):
    def answers() -> bool:
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=60).close()  # and again
        except OSError:
            return False
        return True

    wait_until(answers, every=0.5)


@contextlib.contextmanager
def served_folder(folder):
    """The address of a web server of a folder's files, without a slash at its end."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def free_port() -> int:
    """A port that nobody listens on, below 49152: Kedro-Viz takes no other.

    Processes that test side by side look in ranges of their own.
    """
    for port in range(20_000 + os.getpid() * 100 % 20_000, 49_000):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("no free port")
