"""Serves a calibrated model to many clients, and to hostile ones, and times the other pages.

`python proof/load.py [--seconds 60] [--clients 1,4,16] [--finished FOLDER] [--only load,hostile]`.
`load`: clients send single pictures, then batches of 100, for the seconds; every answer must equal
that of the model in this process. `hostile`: every request must be refused with a status 4xx and
words, and a picture must be answered rightly after it. `pages`: how long MLflow's table of 1,000
runs and the first page of Kedro-Viz take, in Chromium. The exit code is 1 if an answer was wrong.
`--mlflow` serves by MLflow's own command.
"""

import argparse
import contextlib
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import mlflow
import numpy as np
import psutil
from clients import PATIENCE, Question, fault_of, measure
from faults import chosen_names, finished_project
from hostile_requests import hostile_requests, inputs
from playwright.sync_api import sync_playwright

from atelier.datasets.npz import read_npz
from atelier.hooks.termination import exit_on_sigterm
from atelier.types import Array

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from mlflow_table import chromium, wait_for
from mlflow_table import measure as measure_table
from support.project import Project
from support.servers import free_port  # one that Kedro-Viz takes
from support.stores import tracking_at

PARTS = ("load", "hostile", "pages")
TABLE_RUNS = 1000
WARMING = 2.0
"""Seconds of questions before the memory is measured."""
MODEL = "models:/atelier-test-digits-calibrated/latest"
IMAGES = ("03_primary", "test", "digits", "test.npz")
BATCH = 100


class Server(NamedTuple):
    """A server that was started."""

    port: int
    pid: int

    def memory(self) -> int:
        """Returns the resident bytes of its process and of all that this one started."""
        server = psutil.Process(self.pid)
        return sum(one.memory_info().rss for one in (server, *server.children(recursive=True)))


@contextmanager
def started(command: Sequence[str], address: str, project: Project) -> Iterator[int]:
    """Starts a server in a project, and ends it with all its processes.

    Yields:
        The number of its process, when the address answers.

    Raises:
        RuntimeError: If the server ends instead.
    """
    environment = project.environment | {"MLFLOW_TRACKING_URI": project.store, "KEDRO_ENV": "test"}
    line = [sys.executable, "-m", *command]
    with (project.folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            line,
            cwd=project.folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_for(address, server)
            yield server.pid
        finally:
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.killpg(server.pid, signal.SIGTERM)
            server.wait()


@contextmanager
def served(project: Project, *, by_mlflow: bool = False) -> Iterator[Server]:
    """Serves the calibrated model on this machine.

    Args:
        project: In which the model is registered.
        by_mlflow: By MLflow's own command, without the limits of this project's.

    Yields:
        The server.
    """
    port = free_port()
    command: tuple[str, ...] = ("atelier.operations.serve_model", MODEL, str(port))
    if by_mlflow:
        options = ("--env-manager", "local", "--model-uri", MODEL, "--port", str(port))
        command = ("mlflow", "models", "serve", *options)
    with started(command, f"http://127.0.0.1:{port}/health", project) as pid:
        yield Server(port, pid)


def ask_the_model(project: Project) -> tuple[Array, dict[int, list[Question]]]:
    """Returns a picture, and questions with the answers of the model in this process.

    Args:
        project: In which the model is registered.

    Returns:
        The picture, and the questions by their number of pictures.
    """
    images = read_npz(project.path(*IMAGES))["images"]
    with tracking_at(project.store):
        answers = mlflow.pyfunc.load_model(MODEL).predict(images)
    rows = [np.arange(first, first + BATCH) % len(images) for first in range(len(images))]
    questions = {
        size: [
            Question(
                inputs(images[row[:size]].tolist()),
                {name: values[row[:size]] for name, values in answers.items()},
            )
            for row in rows
        ]
        for size in (1, BATCH)
    }
    return images[0], questions


def print_load(
    server: Server, kinds: dict[int, list[Question]], clients: Sequence[int], seconds: float
) -> int:
    """Measures and prints a row for each number of clients; returns how many answers were wrong."""
    print(
        f"{'clients':>7} {'pictures':>8} {'requests/s':>10} {'pictures/s':>10} {'p50 ms':>8} "
        f"{'p99 ms':>8} {'not 200':>7} {'wrong':>5} {'MB':>7} {'growth':>7}"
    )
    faults = 0
    for size, questions in kinds.items():
        measure(server.port, questions, max(clients), WARMING)
        for count in clients:
            before = server.memory()
            row = measure(server.port, questions, count, seconds)
            after, rate = server.memory(), len(row.latencies) / row.seconds
            middle, late = 1000 * np.quantile(row.latencies, (0.5, 0.99))
            print(
                f"{count:7} {size:8} {rate:10.1f} {rate * size:10,.0f} {middle:8.1f} {late:8.1f} "
                f"{row.refused:7} {row.wrong:5} {after / 1e6:7,.0f} {(after - before) / 1e6:7.1f}",
                flush=True,
            )
            faults += row.refused + row.wrong
    return faults


def print_hostile(port: int, picture: Array, question: Question) -> int:
    """Sends every request that must be refused, prints the faults, and returns their number."""
    faults, slowest = {}, (0.0, "")
    requests = list(hostile_requests(picture))
    for request in requests:
        began = time.monotonic()
        fault = fault_of(port, request, question)
        slowest = max(slowest, (time.monotonic() - began, request.name))
        if fault:
            faults[request.name] = fault
    print(f"{len(requests)} hostile requests, {len(faults)} faults", end="; ")
    print(f"the slowest: {slowest[1]}, {slowest[0]:.1f} s")
    for name, words in faults.items():
        print(f"{name}: {words}")
    return len(faults)


def print_pages(project: Project, runs: int, repeats: int) -> None:
    """Times MLflow's table of runs, and Kedro-Viz until it answers and until it shows a graph.

    Args:
        project: One in which everything ran.
        runs: Of the table.
        repeats: Openings of the table, of which the median counts.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = ("kedro", "viz", "run", "--no-browser", "--host", "127.0.0.1", "--port", str(port))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        first, again = map(median, measure_table(browser, runs, repeats)[:2])
        print(f"MLflow's table of {runs:,} runs: {first:.2f} s, {again:.2f} s again")
        began = time.monotonic()
        with started(command, f"{address}/api/main", project):
            print(f"Kedro-Viz answers {time.monotonic() - began:.1f} s after its start")
            began = time.monotonic()
            page = browser.new_page()
            page.goto(address)
            page.locator(".pipeline-node").first.wait_for(timeout=1000 * PATIENCE)
            print(f"Kedro-Viz' first page: {time.monotonic() - began:.2f} s")
        browser.close()


def main() -> int:
    """Runs the parts, and returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    exit_on_sigterm()  # which ends what it started
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="for each row")
    parser.add_argument("--clients", default="1,4,16", help="with commas")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas")
    parser.add_argument("--finished", type=Path, help="a project in which everything ran")
    parser.add_argument("--mlflow", action="store_true", help="MLflow's own command serves")
    options = parser.parse_args()
    parts = chosen_names(options.only, PARTS, "parts")
    processor, loads = platform.machine(), " ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{processor}, {os.cpu_count()} cores, load {loads}, Python {platform.python_version()}")
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        project = finished_project(Path(folder) / "project", options.finished)
        if not options.finished:
            project.run()
        if parts != ["pages"]:
            picture, questions = ask_the_model(project)
            with served(project, by_mlflow=options.mlflow) as server:
                if "load" in parts:
                    clients = [int(count) for count in options.clients.split(",")]
                    faults += print_load(server, questions, clients, options.seconds)
                if "hostile" in parts:
                    faults += print_hostile(server.port, picture, questions[1][0])
        if "pages" in parts:
            print_pages(project, TABLE_RUNS, repeats=3)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
