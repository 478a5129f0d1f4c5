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
GRACE = 20  # seconds from a polite end to a hard one
ERROR = re.compile(r"\w*(Error|Exception|Interrupt)\b.*")


class KedroRun(dg.Config):
    """What a run may be told: as ``--env``, as ``--params``, and its longest time in seconds."""

    environment: str = "base"
    parameters: dict[str, str] = Field(default_factory=dict)
    timeout: int | None = None


def ask(module: str, *arguments: str) -> Any:
    """What ``python -m module`` of the project prints as JSON on its last line."""
    asked = subprocess.run(
        [PYTHON, "-m", module, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        raise RuntimeError(asked.stderr.strip() or asked.stdout.strip())
    return json.loads(asked.stdout.splitlines()[-1])


@contextmanager
def lock(name: str) -> Iterator[int]:
    """A lock that the subprocess inherits: who is orphaned by a kill still holds it."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    with (LOCKS / name).open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield held.fileno()


def end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children, politely first."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def stream(process: subprocess.Popen[bytes], timeout: int | None) -> tuple[list[str], bool]:
    """Pass the log on as it comes; its last lines, and whether time ran out."""
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
    """In one line, why a run failed; ``timeout`` if that was reached."""
    if timeout:
        return f"Expected to end within {timeout} s. Received: still running, and was ended"
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    errors = [line.strip() for line in tail if ERROR.match(line)]
    return (errors or [line for line in tail if line.strip()] or [f"exit code {code}"])[-1]


def shown(receipt: dict[str, Any]) -> dict[str, Any]:
    """The main metrics and the way to MLflow, as the asset's page shows them."""
    if not receipt:
        return {}
    metrics = receipt["metrics"]
    bounds = ("_low", "_high")
    rows = [
        f"| {key} | {value:.6g} | {interval(metrics, key)} |"
        for key, value in metrics.items()
        if not key.endswith(bounds)
    ]
    table = "\n".join(["| metric | value | 95 % interval |", "|---|---|---|", *rows])
    numbers = {key: float(metrics[key]) for key in metrics if not key.endswith(bounds)}
    return {
        "MLflow": dg.MetadataValue.url(receipt["page"]),
        **({"metrics": dg.MetadataValue.md(table)} if rows else {}),
        **numbers,
    }


def interval(metrics: dict[str, float], key: str) -> str:
    """The interval of a metric, where the run logged one."""
    ends = [metrics.get(f"{key}_low"), metrics.get(f"{key}_high")]
    return "" if None in ends else f"{ends[0]:.6g} to {ends[1]:.6g}"


def start(name: str, config: KedroRun, tags: dict[str, str], held: int) -> subprocess.Popen[bytes]:
    """``kedro run`` of one pipeline, in a group of its own; MLflow puts ``tags`` on its run."""
    command = [PYTHON, "-m", "kedro", "run", "--pipeline", name, "--env", config.environment]
    if config.parameters:
        given = ",".join(f"{key}={value}" for key, value in config.parameters.items())
        command += ["--params", given]
    told = {
        "MLFLOW_RUN_CONTEXT": json.dumps(tags),
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "120",
        "NO_COLOR": "1",
    }
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env={key: text for key, text in os.environ.items() if key != "VIRTUAL_ENV"} | told,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        pass_fds=[held],
    )


def run_pipeline(name: str, config: KedroRun, run_id: str) -> dg.MaterializeResult[None]:
    """Run one pipeline and show what it left.

    Raises:
        dg.Failure: With the last error, when the run fails, is killed or takes too long.
    """
    tags = {"atelier.mark": f"{run_id}/{name}", "dagster.run_id": run_id}
    with lock(name) as held:
        process = start(name, config, tags, held)
        tail, late = stream(process, config.timeout)
    left = ask("atelier.operations.run_summary", tags["atelier.mark"], name, config.environment)
    metadata = shown(left)
    if process.returncode or late:
        why = reason(process.returncode, tail, timeout=config.timeout if late else None)
        end_of_log = dg.MetadataValue.md("```\n" + "\n".join(tail[-30:]) + "\n```")
        raise dg.Failure(why, metadata=metadata | {"end of the log": end_of_log})
    return dg.MaterializeResult(metadata=metadata)
