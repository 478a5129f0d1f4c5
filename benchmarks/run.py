"""Runs all benchmarks one after another, and writes their rows into one file.

`python benchmarks/run.py [--only calibration,sweep] [--tiny] [--peers PYTHON]`: `make bench` makes
the peers' environment first. Each benchmark has a process of its own. What it measured is written
at once; a command that was stopped, or in which a benchmark failed, goes on with what is missing
when it is repeated, unless `--again`. Results of other benchmarks stay in the file. The exit code
is 1 if a benchmark failed.

`digits`, `isbi` and `ensemble` are not among them: they measure accuracy, on data that has to be
there.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from atelier.storage.atomic_write import write_atomically

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "benchmarks.json"
PEERS = ROOT / "benchmarks" / ".venv" / "bin" / "python"
BENCHMARKS = (
    "startup", "calibration", "calibrators", "conformal", "segmentation", "optimizers", "sweep",
    "unet", "style", "activation", "predict", "mlflow_table",
)  # fmt: skip
PACKAGES = ("atelier", "numpy", "scipy", "tensorflow", "keras", "jax", "kedro", "mlflow")
"""Packages whose versions are written; a peer's version stands in its rows."""
THREADS = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
"""For this project and the peers alike."""


def main() -> int:
    """Runs the benchmarks, and returns the exit code."""
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends the benchmark
    parts: Path = options.output.with_suffix(".parts")
    parts.mkdir(parents=True, exist_ok=True)
    if options.again:
        remove_parts(parts, options.only)
    failed = [name for name in options.only if not has_part(parts, name, options)]
    write_results(options.output, parts, [name for name in options.only if name not in failed])
    if failed:
        print(f"failed: {', '.join(failed)}; the same command tries these again", file=sys.stderr)
        return 1
    remove_parts(parts, options.only)
    return 0


def remove_parts(parts: Path, names: Sequence[str]) -> None:
    """Removes what benchmarks measured, so that the next command measures it anew."""
    for name in names:
        (parts / name).unlink(missing_ok=True)


def parse_options() -> argparse.Namespace:
    """Returns the options, with the names of the benchmarks as a list."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--only", help=f"with commas; by default {','.join(BENCHMARKS)}")
    parser.add_argument("--tiny", action="store_true", help="small sizes, into logs/")
    parser.add_argument("--repeats", type=int, help="turns, in place of each benchmark's default")
    parser.add_argument("--again", action="store_true", help="also what has been measured")
    parser.add_argument("--output", type=Path, help=f"by default {RESULTS.relative_to(ROOT)}")
    default = PEERS if PEERS.exists() else Path(sys.executable)
    parser.add_argument("--peers", default=str(default), metavar="PYTHON", help="has the peers")
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else list(BENCHMARKS)
    unknown = set(options.only) - set(BENCHMARKS)
    if unknown:
        parser.error(f"Expected names of {', '.join(BENCHMARKS)}. Received: {sorted(unknown)}")
    tiny = ROOT / "logs" / "benchmarks.json"
    options.output = options.output or (tiny if options.tiny else RESULTS)
    return options


def has_part(parts: Path, name: str, options: argparse.Namespace) -> bool:
    """Runs a benchmark unless its part is there; returns whether it is there now."""
    arguments = ["--tiny"] * options.tiny
    arguments += ["--repeats", str(options.repeats)] if options.repeats else []
    command, part = f"python benchmarks/{name}.py {' '.join(arguments)}".strip(), parts / name
    if part.exists() and json.loads(part.read_text("utf-8"))["command"] == command:
        print(f"{name}: measured before", flush=True)
        return True
    print(f"{name}: {command}", flush=True)
    record = {"command": command, "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"}
    load, started = os.getloadavg(), time.monotonic()
    rows = run_benchmark(name, [*arguments, "--peers", options.peers])
    seconds = round(time.monotonic() - started, 1)
    print(f"{name}: {'failed' if rows is None else 'done'} after {seconds} s", flush=True)
    if rows is None:
        return False
    machine = describe_machine() | {"load": [round(x, 2) for x in load]}
    write_json(part, record | {"seconds": seconds, "machine": machine, "rows": rows})
    return True


def run_benchmark(name: str, arguments: Sequence[str]) -> list[dict[str, Any]] | None:
    """Returns the rows of a benchmark, or None if it failed."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.json")
        script = ROOT / "benchmarks" / f"{name}.py"
        command = [sys.executable, str(script), *arguments, "--json", str(rows)]
        environment = os.environ | THREADS | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        if subprocess.run(command, env=environment, check=False).returncode:
            return None
        measured: list[dict[str, Any]] = json.loads(rows.read_text("utf-8"))
        return measured


def describe_machine() -> dict[str, Any]:
    """Returns the processor, its cores, the system, and the versions of Python and packages."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"Python": platform.python_version()} | {x: version(x) for x in PACKAGES},
    }


def processor() -> str:
    """Returns the name of the processor, as Linux or the platform has it."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text("utf-8").splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def write_results(path: Path, parts: Path, names: Sequence[str]) -> None:
    """Adds what has been measured to the file, in the order of `BENCHMARKS`."""
    records = json.loads(path.read_text("utf-8")) if path.exists() else {}
    records |= {name: json.loads((parts / name).read_text("utf-8")) for name in names}
    write_json(path, {name: records[name] for name in BENCHMARKS if name in records})


def write_json(path: Path, content: Any) -> None:
    """Writes a file that appears whole or not at all."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
