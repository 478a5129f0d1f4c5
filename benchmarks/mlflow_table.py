"""How long MLflow's table of runs takes to open, by the number of runs in the store.

`python benchmarks/mlflow_table.py [runs …]`: makes a store for each number of runs (12 to a
command: its own and those of 11 experiments, each with a description, tags, parameters and
metrics), serves it as `make ui` does, and opens the table in headless Chromium until it shows the
newest runs: first in a window that has never seen MLflow, then once more in the same window, which
has MLflow's scripts in its cache. Prints medians over new windows, and the ratio of the first to
that of a store of 10 runs. `--tiny`: 10 and 24 runs, one window each.
"""

import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mlflow.entities import ExperimentTag, Metric, Param, RunStatus, RunTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from playwright.sync_api import TimeoutError as WaitedTooLongError
from rows import Row, benchmark_parser, write_rows

from atelier.hooks.experiment_page import UNFOLDED, page_tags

CHILDREN = 11
METRICS, PARAMETERS = 20, 30
LIMIT = 5.0
"""Seconds in which the table should open."""
PATIENCE = 600
SERVE = (
    "import sys; from atelier.operations.mlflow_page import serve_mlflow; "
    "serve_mlflow(*sys.argv[1:3], {})"
)
NOTE = "**How accurately does it classify?**\n\n" + "A sentence of the description. " * 60


def make_store(folder: Path, runs: int) -> tuple[str, str]:
    """Makes a store; returns its address and the id of its experiment."""
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    store = SqlAlchemyStore(uri, str(folder / "artifacts"))
    experiment = store.create_experiment("benchmark")
    for name, text in page_tags({}).items():
        store.set_experiment_tag(experiment, ExperimentTag(name, text))
    parent = ""
    for number in range(runs):
        if number % (CHILDREN + 1) == 0:
            parent = add_run(store, experiment, number, {"headline": "11 experiments"})
        else:
            add_run(store, experiment, number, child_tags(parent, number))
    return uri, experiment


def child_tags(parent: str, number: int) -> dict[str, str]:
    """Returns the tags of an experiment's run, as many as the project's have."""
    return UNFOLDED | {
        "mlflow.parentRunId": parent,
        "mlflow.note.content": NOTE,
        "pipeline": "train",
        "namespace": f"space_{number % (CHILDREN + 1)}",
        "environment": "base",
        "headline": "accuracy on test digits 98.20 %",
        "interval": "97.10 … 98.90",
        "duration": "12.3 s",
        "peak_memory": "1.23 GB",
        "data": "mnist-5000",
        "digest": "4a2d83f18a0d9ba285eb5c3b43fbe61d223b",
        "kedro_command": "kedro run --env base",
    }


def add_run(store: SqlAlchemyStore, experiment: str, number: int, tags: dict[str, str]) -> str:
    """Adds a run that has ended; returns its id."""
    moment = 1_700_000_000_000 + 60_000 * number
    name = f"run {number}"
    run = store.create_run(experiment, "benchmark", moment, [], name)
    run_id: str = run.info.run_id
    metrics = [Metric(f"test/metric_{i}", i / 7, moment, 0) for i in range(METRICS)]
    params = [Param(f"training.parameter_{i}", str(i)) for i in range(PARAMETERS)]
    store.log_batch(run_id, metrics, params, [RunTag(key, text) for key, text in tags.items()])
    store.update_run_info(run_id, RunStatus.FINISHED, moment + 30_000, name)
    return run_id


@contextmanager
def served(uri: str, port: int) -> Iterator[str]:
    """Serves a store as `make ui` does.

    Yields:
        The address.
    """
    command = [sys.executable, "-c", SERVE.format(port), uri, "127.0.0.1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Waits until a server answers.

    Raises:
        RuntimeError: If it has ended instead, or if it does not answer.
    """
    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"Expected a server at {address}. Received: none")


def open_seconds(
    browser: Browser, page_address: str, newest: str, *, times: int, patience: float = PATIENCE
) -> list[float]:
    """Returns how long the table takes in a new window, each time that it is opened there.

    Args:
        browser: Opens the window.
        page_address: Of the table.
        newest: Name of the run that the table must show.
        times: How often the window opens the table.
        patience: Seconds after which to give up.

    Raises:
        WaitedTooLongError: If the table does not show the run.
    """
    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.set_default_timeout(1000 * patience)
        return [time_opening(context, page_address, newest) for _ in range(times)]


def time_opening(context: BrowserContext, page_address: str, newest: str) -> float:
    """Returns the seconds until a new tab shows the newest run in the table."""
    page = context.new_page()
    start = time.perf_counter()
    page.goto(page_address)
    page.locator(".ag-center-cols-container .ag-row").first.wait_for()
    page.get_by_text(newest, exact=True).first.wait_for()
    seconds = time.perf_counter() - start
    page.close()
    return seconds


def first_visit(browser: Browser, page_address: str, newest: str) -> None:
    """Opens the table while the server still starts, again if its first answers were missing."""
    with suppress(WaitedTooLongError):
        open_seconds(browser, page_address, newest, times=1, patience=PATIENCE / 10)
        return
    open_seconds(browser, page_address, newest, times=1)


def measure(browser: Browser, runs: int, repeats: int) -> tuple[list[float], list[float], float]:
    """Returns seconds of first and of second openings, and the time of making the store."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        uri, experiment = make_store(Path(folder), runs)
        made = time.perf_counter() - start
        with served(uri, free_port()) as address:
            page = f"{address}/#/experiments/{experiment}/runs"
            newest = f"run {runs - 1}"
            first_visit(browser, page, newest)
            times = [open_seconds(browser, page, newest, times=2) for _ in range(repeats)]
    first, second = map(list, zip(*times, strict=True))
    return first, second, made


def free_port() -> int:
    """Returns a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def chromium() -> str:
    """Returns the path of Chromium.

    Raises:
        SystemExit: If there is none.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        sys.exit(f"Expected one of {', '.join(names)} on the path. Received: none")
    return found


def main() -> None:
    """Measures and prints."""
    parser = benchmark_parser(__doc__, repeats=5)
    parser.add_argument("runs", nargs="*", type=int, default=[100, 1000, 3000])
    options = parser.parse_args()
    sizes, repeats = ([24], 1) if options.tiny else (options.runs, options.repeats)
    print(f"{'runs':>6} {'opens in':>10} {'ratio':>8} {'again in':>10}   store made in")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        rows: list[Row] = []
        times: dict[int, float] = {}
        again: dict[int, float] = {}
        for size in [10, *sizes]:
            openings, reopenings, made = measure(browser, size, repeats)
            times[size], again[size] = map(statistics.median, (openings, reopenings))
            rows.append(Row(f"a store of {size:,} runs opens", openings))
            rows.append(Row(f"a store of {size:,} runs opens again", reopenings))
            row = f"{size:6,} {times[size]:8.2f} s {times[size] / times[10]:6.2f} x"
            print(f"{row} {again[size]:8.2f} s {made:8.1f} s", flush=True)
        browser.close()
    for name, seconds in (("for the first time", times), ("again", again)):
        within = max((size for size, second in seconds.items() if second < LIMIT), default=0)
        print(f"most runs of these that open {name} in less than {LIMIT:.0f} s: {within:,}")
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
