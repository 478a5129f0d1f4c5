"""Servers of a finished project, for as long as a test looks at them."""

import os
import signal
import subprocess
import sys
import time
import urllib.request


def serve(project, *command: str, health: str):
    """A server of the finished project, until the test is over."""
    environment = project.environment | {"KEDRO_ENV": "test"}
    with (project.folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=project.folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(health, server, project.folder / "server.log")
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def wait_for(address, server, log):
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise TimeoutError(log.read_text())
