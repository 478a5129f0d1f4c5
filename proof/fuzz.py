"""Gives random inputs to every reader and to the numeric functions, and counts what goes wrong.

`python proof/fuzz.py [--seconds 600] [--seed 0] [--only idx,npz] [--jobs 2]`. Readers get valid
files with random changes, and may only refuse them with a documented error, "Expected … Received:
…". Numeric functions are compared with plain loops or another library. Each target runs in a
process of its own, so that a crash, a hang (`--hang` seconds) or a process above `--memory` GiB is
counted, and the rest goes on. The table has a row for each target, with inputs a second of CPU
time; the exit code is 1 if anything went wrong. `--only idx --input 17` gives one input again, with
its traceback.
"""

import argparse
import contextlib
import multiprocessing
import os
import platform
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

import psutil
from numeric_targets import NUMERIC_TARGETS
from reader_targets import READER_TARGETS
from targets import Target, is_refusal

TARGETS = {target.name: target for target in (*READER_TARGETS, *NUMERIC_TARGETS)}
GIB = 2**30
POLL = 0.1
"""Seconds between two looks at the processes."""
WARMING = 8
"""Inputs before the clock starts, which are not counted."""
WAITING = 20
"""How many times its limit of CPU time an input may take on the clock, on a busy machine."""
NEXT, INPUTS, REFUSED, CPU = range(4)
"""Numbers that a process shares: its present input, the inputs that ended, their CPU time (ns)."""


@dataclass
class Options:
    """The command's options: see :func:`main`."""

    seed: int
    inputs: int | None
    hang: float
    memory: float


@dataclass
class Findings:
    """What came of a target's inputs; ``faults`` has the first input of each kind of fault."""

    inputs: int = 0
    refused: int = 0
    crashes: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    faults: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add_fault(self, kind: str, number: int, words: str = "") -> None:
        """Counts a fault."""
        self.crashes += 1
        self.faults.setdefault(kind, (number, words))


def generator(seed: int, target: str, number: int) -> random.Random:
    """Returns the generator that decides an input."""
    return random.Random(f"{seed} {target} {number}")


def check_inputs(
    name: str, options: Options, first: int, seconds: float, state: Any, reports: Connection
) -> None:
    """Gives inputs to a target, in a process of its own, until the time or the count ends.

    Args:
        name: The target.
        options: Seed, count, and limit of memory.
        first: Number of the first input.
        seconds: Time, without that of the imports.
        state: Shared numbers: ``NEXT``, ``INPUTS``, ``REFUSED``.
        reports: Gets ``(kind of fault, number of the input, words)``, and None at the end.
    """
    _be_quiet()
    with tempfile.TemporaryDirectory() as folder:
        check = TARGETS[name].prepare(Path(folder))
        for warming in range(-WARMING, 0):  # imports, and what compiles at its first use
            with contextlib.suppress(Exception):
                check(generator(options.seed, name, warming))
        end, began = time.monotonic() + seconds, time.process_time_ns()
        number = first
        while time.monotonic() < end and (options.inputs is None or number < options.inputs):
            state[NEXT] = number
            rng = generator(options.seed, name, number)
            try:
                check(rng)
            except Exception as error:  # noqa: BLE001  every error is an outcome here
                if is_refusal(error):
                    state[REFUSED] += 1
                else:
                    reports.send((kind_of(error), number, " ".join(str(error).split())[:120]))
            state[INPUTS] += 1
            state[CPU] = time.process_time_ns() - began
            number += 1
            if _peak_memory() > options.memory * GIB:
                reports.send((f"memory above {options.memory} GiB", number - 1))
                break
        state[NEXT] = -number - 1
    reports.send(None)


def _be_quiet() -> None:
    """Silences logs and warnings: this process sees thousands of damaged files."""
    import logging
    import warnings

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _peak_memory() -> int:
    """Returns the largest resident size so far, bytes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def kind_of(error: BaseException) -> str:
    """Returns the kind of an error: its type and the last line of the project that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/src/atelier/" in frame.filename] or list(frames)
    return f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"


class TargetRun:
    """The processes, one after another, that give inputs to a target."""

    def __init__(self, target: Target, options: Options, seconds: float) -> None:
        self.findings = Findings()
        self._target, self._options, self._end_after = target, options, seconds
        self._start(0)

    def _start(self, first: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._state = context.RawArray("q", [-1, 0, 0, 0])
        self._reports, writer = context.Pipe(duplex=False)
        left = self._end_after - self.findings.seconds
        arguments = (self._target.name, self._options, first, left, self._state, writer)
        self._process = context.Process(target=check_inputs, args=arguments, daemon=True)
        self._process.start()
        writer.close()
        self._number, self._since, self._cpu = -1, 0.0, 0.0
        self._began, self._ended = 0.0, False

    @property
    def reports(self) -> Connection:
        """The pipe, which is ready when there is news or the process ended."""
        return self._reports

    def is_finished(self) -> bool:
        """Looks at the process: takes its reports, ends it where it hangs, starts the next."""
        self._read_reports()
        alive = self._process.is_alive()
        fault = self._broken_limit() if alive else None
        if alive and fault is None:
            return False
        if fault is not None:
            self._process.kill()
        self._process.join()
        self._read_reports()
        return self._finish(fault)

    def _finish(self, fault: str | None) -> bool:
        """Adds the counts of a process that ended; returns whether no other is to follow."""
        number = self._state[NEXT]
        self.findings.inputs += self._state[INPUTS]
        self.findings.refused += self._state[REFUSED]
        self.findings.cpu_seconds += self._state[CPU] / 1e9
        self.findings.seconds += time.monotonic() - self._began if self._began else 0.0
        if not self._ended:
            killed = f"the process ended with code {self._process.exitcode}"
            self.findings.add_fault(fault or killed, number)
            self.findings.inputs += number >= 0
        following = number + 1 if number >= 0 else -number - 1
        count = self._options.inputs
        is_over = self.findings.seconds >= self._end_after or number == -1
        if is_over or (count is not None and following >= count):
            return True
        self._start(following)
        return False

    def _read_reports(self) -> None:
        try:
            while self._reports.poll():
                report = self._reports.recv()
                if report is None:
                    self._ended = True
                else:
                    self.findings.add_fault(*report)
        except EOFError:
            pass

    def _broken_limit(self) -> str | None:
        """Returns which limit the present input exceeds, if any."""
        now, number = time.monotonic(), self._state[NEXT]
        if number < 0:
            return None
        self._began = self._began or now
        try:
            process = psutil.Process(self._process.pid)
            resident, times = process.memory_info().rss, process.cpu_times()
        except psutil.NoSuchProcess:
            return None
        if number != self._number:
            self._number, self._since, self._cpu = number, now, times.user + times.system
        limit = self._options.hang
        spent = times.user + times.system - self._cpu
        if spent > limit or now - self._since > WAITING * limit:
            return f"hang of more than {limit:g} s"
        too_large = resident > self._options.memory * GIB
        return f"memory above {self._options.memory} GiB" if too_large else None


def run_targets(
    targets: Sequence[Target], options: Options, seconds: float, jobs: int
) -> Iterator[tuple[Target, Findings]]:
    """Runs targets, some at a time, each for its share of the time.

    Args:
        targets: What to run.
        options: Seed and limits.
        seconds: Of all together.
        jobs: Processes at a time.

    Yields:
        Each target, when it ends, with its findings.
    """
    whole = sum(target.share for target in targets)
    waiting = sorted(targets, key=lambda target: target.share)
    running: list[tuple[Target, TargetRun]] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            target = waiting.pop()
            share = seconds * min(jobs, len(targets)) * target.share / whole
            running.append((target, TargetRun(target, options, share)))
        wait_for([run.reports for _, run in running], POLL)
        for item in list(running):
            if item[1].is_finished():
                running.remove(item)
                yield item[0], item[1].findings
        time.sleep(POLL / 10)


def print_row(name: str, findings: Findings) -> None:
    """Prints a row of the table."""
    rate = findings.inputs / findings.cpu_seconds if findings.cpu_seconds else 0.0
    print(
        f"{name:20} {findings.inputs:10,} {findings.refused:10,} {findings.crashes:8,} "
        f"{rate:10,.0f}",
        flush=True,
    )


def repeat_input(target: Target, seed: int, number: int) -> None:
    """Gives one input again in this process; an error shows its traceback."""
    with tempfile.TemporaryDirectory() as folder:
        target.prepare(Path(folder))(generator(seed, target.name, number))
    print(f"{target.name}, input {number}: accepted")


def main() -> None:
    """Runs the targets and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=600, help="of all targets together")
    parser.add_argument("--inputs", type=int, help="at most, of each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(TARGETS), help="names of targets")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--hang", type=float, default=5, help="CPU seconds of one input")
    parser.add_argument("--memory", type=float, default=2, help="GiB of a process")
    parser.add_argument("--input", type=int, help="gives the target of --only one input again")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := sorted(set(names) - set(TARGETS)):
        parser.error(f"Expected targets among {', '.join(TARGETS)}. Received: {unknown}")
    if arguments.input is not None:
        repeat_input(TARGETS[names[0]], arguments.seed, arguments.input)
        return
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "TF_NUM_INTRAOP_THREADS": "1"}
    options = Options(arguments.seed, arguments.inputs, arguments.hang, arguments.memory)
    print(f"seed {options.seed}, Python {platform.python_version()}, {platform.machine()}")
    print(f"{'target':20} {'inputs':>10} {'refused':>10} {'crashes':>8} {'inputs/s':>10}")
    total, faults = Findings(), []
    targets = [TARGETS[name] for name in names]
    for target, findings in run_targets(targets, options, arguments.seconds, arguments.jobs):
        print_row(target.name, findings)
        faults += [(target.name, kind, *first) for kind, first in findings.faults.items()]
        for name in ("inputs", "refused", "crashes", "seconds", "cpu_seconds"):
            setattr(total, name, getattr(total, name) + getattr(findings, name))
    print_row("all", total)
    for name, kind, number, words in faults:
        print(f"--seed {options.seed} --only {name} --input {number}: {kind}: {words}")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
