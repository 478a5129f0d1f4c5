"""``kedro run`` as a subprocess in the project's own environment."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

PROJECT = Path(__file__).resolve().parents[1]
PYTHON = os.environ.get("ATELIER_PYTHON", str(PROJECT / ".venv/bin/python"))
LOCKS = Path(__file__).parent / "home" / "locks"
GRACE = 20  # seconds between SIGINT and SIGKILL
UNCHANGED = "unchanged"
"""Key of an asset whose pipeline had nothing to do."""
ERROR = re.compile(r"\w*(Error|Exception|Interrupt)\b.*")


class KedroRun(dg.Config):
    """The settings of a run: ``--env``, ``--params``, and its time limit in seconds."""

    environment: str = "base"
    parameters: dict[str, str] = Field(default_factory=dict)
    timeout: int | None = None


def run_module(module: str, *arguments: str) -> Any:
    """Runs ``python -m module`` of the project and parses the JSON on its last line.

    Args:
        module: Name of the module.
        *arguments: Its arguments.

    Raises:
        RuntimeError: If the command fails, with its error message.
    """
    process = subprocess.run(
        [PYTHON, "-m", module, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(process.stderr.strip() or process.stdout.strip())
    return json.loads(process.stdout.splitlines()[-1])


@contextmanager
def lock(name: str) -> Iterator[int]:
    """Holds a lock that the subprocess inherits, so that an orphaned subprocess still holds it.

    Yields:
        The file descriptor to pass on to the subprocess.
    """
    LOCKS.mkdir(parents=True, exist_ok=True)
    with (LOCKS / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and its children: by SIGINT, and after a while by SIGKILL."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def stream(process: subprocess.Popen[bytes], timeout: int | None) -> tuple[list[str], bool]:
    """Prints the log of a process as it comes.

    Args:
        process: Its output is a pipe.
        timeout: Seconds after which the process is ended; None is no limit.

    Returns:
        The last lines of the log, and whether the time limit was reached.
    """
    tail: deque[str] = deque(maxlen=200)
    late = threading.Event()

    def stop() -> None:
        late.set()
        end(process)

    clock = threading.Timer(timeout or threading.TIMEOUT_MAX, stop)
    clock.daemon = True
    clock.start()
    try:
        for line in process.stdout or ():
            text = line.decode(errors="replace")
            sys.stdout.write(text)
            sys.stdout.flush()
            tail.append(text.rstrip())
        process.wait()
    finally:
        clock.cancel()
        end(process)
    return list(tail), late.is_set()


def reason(code: int, tail: list[str], *, timeout: int | None) -> str:
    """Returns in one line why a run failed.

    Args:
        code: The exit code; negative is the number of a signal.
        tail: The last lines of the log.
        timeout: The time limit in seconds, if it was reached.
    """
    if timeout:
        return f"Expected to end within {timeout} s. Received: still running, and was ended"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    errors = [line.strip() for line in tail if ERROR.match(line)]
    return (errors or [line for line in tail if line.strip()] or [f"exit code {code}"])[-1]


def metadata_of(summary: dict[str, Any]) -> dict[str, Any]:
    """Returns the main metrics and the address in MLflow, as the asset's page shows them."""
    if not summary:
        return {}
    metrics = summary["metrics"]
    bounds = ("_low", "_high")
    rows = [
        f"| {key} | {value:.6g} | {interval(metrics, key)} |"
        for key, value in metrics.items()
        if not key.endswith(bounds)
    ]
    table = "\n".join(["| metric | value | 95 % interval |", "|---|---|---|", *rows])
    numbers = {key: float(metrics[key]) for key in metrics if not key.endswith(bounds)}
    return {
        "MLflow": dg.MetadataValue.url(summary["page"]),
        **({UNCHANGED: _no_change()} if summary.get("unchanged") else {}),
        **({"metrics": dg.MetadataValue.md(table)} if rows else {}),
        **numbers,
    }


def _no_change() -> dg.TextMetadataValue:
    return dg.MetadataValue.text("no node ran; the metrics are those of the last run")


def interval(metrics: dict[str, float], key: str) -> str:
    """Returns the interval of a metric as text; empty where the run logged none."""
    ends = [metrics.get(f"{key}_low"), metrics.get(f"{key}_high")]
    return "" if None in ends else f"{ends[0]:.6g} to {ends[1]:.6g}"


def start(
    name: str, config: KedroRun, tags: dict[str, str], lock_file: int
) -> subprocess.Popen[bytes]:
    """Starts ``kedro run`` of one pipeline in a process group.

    Args:
        name: The pipeline.
        config: The settings of the run.
        tags: Tags that MLflow sets on the run.
        lock_file: A file descriptor that the process inherits.

    Returns:
        The process, whose output is a pipe.
    """
    command = [PYTHON, "-m", "kedro", "run", "--pipeline", name, "--env", config.environment]
    if config.parameters:
        parameters = ",".join(f"{key}={value}" for key, value in config.parameters.items())
        command += ["--params", parameters]
    variables = {
        "MLFLOW_RUN_CONTEXT": json.dumps(tags),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env={key: text for key, text in os.environ.items() if key != "VIRTUAL_ENV"} | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=[lock_file],
    )


def run_pipeline(name: str, config: KedroRun, run_id: str) -> dg.MaterializeResult[None]:
    """Runs one pipeline.

    Args:
        name: The pipeline.
        config: The settings of the run.
        run_id: The id of Dagster's run.

    Returns:
        The main metrics of the run.

    Raises:
        dg.Failure: With the last error, when the run fails, is killed or takes too long.
    """
    tags = {"atelier.mark": f"{run_id}/{name}", "dagster.run_id": run_id}
    with lock(name) as lock_file:
        process = start(name, config, tags, lock_file)
        tail, late = stream(process, config.timeout)
    summary = run_module(
        "atelier.operations.run_summary", tags["atelier.mark"], name, config.environment
    )
    metadata = metadata_of(summary)
    if process.returncode or late:
        why = reason(process.returncode, tail, timeout=config.timeout if late else None)
        end_of_log = dg.MetadataValue.md("```\n" + "\n".join(tail[-30:]) + "\n```")
        raise dg.Failure(why, metadata=metadata | {"end of the log": end_of_log})
    return dg.MaterializeResult(metadata=metadata)
