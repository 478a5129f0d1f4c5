"""``python -m atelier.operations.serve``: Dagster's page and daemon, and MLflow's page."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

from atelier.configuration.project import project_folder
from atelier.configuration.terminal import use_ascii_fallback
from atelier.operations.plan import plan
from atelier.operations.ui import HOST


def is_port_in_use(port: int) -> bool:
    """Returns whether a program listens on a port of this machine."""
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


def start_dagster(port: int, folder: Path) -> subprocess.Popen[bytes]:
    """Starts Dagster's page and daemon.

    Args:
        port: The port of the page.
        folder: The folder ``orchestration``, with Dagster's own environment in ``.venv``.
    """
    home = folder / "home"
    home.mkdir(exist_ok=True)
    shutil.copy(folder / "dagster.yaml", home)
    variables = {"DAGSTER_HOME": str(home), "ATELIER_PYTHON": sys.executable}
    executable = folder / ".venv" / "bin" / "dagster"
    return subprocess.Popen(
        [executable, "dev", "--host", HOST, "--port", str(port), "--log-level", "warning"],
        cwd=folder, env=os.environ | variables,
    )  # fmt: skip


def main(port: str = "3000", *, mlflow: int = 5000) -> None:
    """Serves until Ctrl-C; a wrong schedule is an error before anything starts.

    Args:
        port: The port of Dagster's page.
        mlflow: The port of MLflow's page, which is started unless the port is in use.
    """
    try:
        project = project_folder()
        schedules = plan(project)["schedules"]
    except FileNotFoundError as error:
        sys.exit(f"atelier.operations.serve: {error}")
    except ValueError as error:
        sys.exit(f"conf/base/schedules.yml: {error}")
    use_ascii_fallback(sys.stdout, sys.stderr)
    if is_port_in_use(int(port)):
        sys.exit(f"Expected a free port, such as make schedule ARGS=3001. Received: {port}")
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's & ignores SIGINT, also in children
        signal.signal(number, signal.default_int_handler)
    for name, schedule in schedules.items():
        trigger = schedule["cron"] or schedule["after"]
        print(f"{name}: {', '.join(schedule['pipeline'])}; {trigger}")
    started = [start_dagster(int(port), project / "orchestration")]
    if not is_port_in_use(mlflow):
        page = [sys.executable, "-m", "atelier.operations.ui", str(mlflow)]
        started.append(subprocess.Popen(page, cwd=project))
    print(f"Dagster: http://{HOST}:{port}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        started[0].wait()
    for process in started:
        process.terminate()
    for process in started:
        process.wait()
    sys.exit(started[0].returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
