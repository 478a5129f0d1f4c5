"""Changes the numerical code in many small ways, and counts which changes the tests notice.

`python proof/mutants.py [--only evaluation,cells/matching.py] [--sample 300] [--seed 0] [--seconds
3600] [--list]`. Every mutant runs in a fork of a process that has imported the libraries, with the
tests of its room that run its lines, the fastest first, until one fails. A sample is spread over
the files. Results are kept in `build/mutants`: a command that was stopped goes on, a mutant that
was killed stays so while its file is unchanged, and survivors are tried again when their tests
change. Survivors that compute the same are listed in `proof/equivalent_mutants.yml` and count
apart. The exit code is 1 if less than `--least` percent of the others are killed.

The operators are a file of our own rather than a dependency: cosmic-ray brings an HTTP client, git
and SQLAlchemy for runners that start a process for each mutant, and mutmut 3 leaves out defaults
and the constants of modules.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from mutant_operators import Mutant, mutants
from tqdm import tqdm

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.fork_server import fork_server  # noqa: E402


class Room(NamedTuple):
    """Files of numerical code, and the test files that are to notice their mutants.

    Attributes:
        files: A pattern below ``src/atelier``.
        tests: Patterns below ``tests``.
    """

    files: str
    tests: Sequence[str]


NOT_NUMERICAL = (
    *("__init__.py", "params.py", "figures.py", "*_figures.py", "*_sentences.py", "html_report.py"),
    *("served_card.py", "annotation.py", "application.py", "methods.py", "training.py", "unet.py"),
    *("unet_method.py", "prediction.py", "coco.py", "image_files.py", "labelled_folders.py"),
    *("layouts.py", "mask_folders.py", "reading.py", "sample_checks.py", "samples.py"),
    *("rendering.py", "examples.py", "own_logits.py", "logit_files.py", "threads.py"),
)
"""Files that draw, write sentences, train networks, read files or only hold parameters."""
ROOMS = {
    "evaluation": Room("evaluation/*.py", ["evaluation/*.py", "calibration/test_measures.py"]),
    "calibration": Room("calibration/*.py", ["calibration/*.py"]),
    "thresholding": Room("thresholding/*.py", ["thresholding/*.py"]),
    "clustering": Room("clustering/*.py", ["clustering/*.py"]),
    "segmentation": Room("segmentation/*.py", ["segmentation/*.py"]),
    "cells": Room("cells/*.py", ["cells/*.py"]),
    "idx": Room("data/idx*.py", ["data/test_idx.py"]),
    "incremental": Room("incremental/*.py", ["incremental/*.py"]),
}
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    "XLA_FLAGS": "--xla_cpu_use_fusion_emitters=false",
}  # fmt: skip
"""Of the process that forks: one thread, and as `tests/conftest.py` has it."""
TEST_SECONDS = 40
"""CPU time of the tests that a mutant gets, the fastest first; slower ones are left out."""
FACTOR = 10
"""How much longer than undisturbed its tests may take before a mutant counts as endless."""
WAITING = 20
"""How many times its limit of CPU time a mutant may take on the clock, on a busy machine."""


class Limits(NamedTuple):
    """What a process may take beyond what its tests take undisturbed.

    Attributes:
        hang: CPU seconds, for the imports too.
        memory: GiB.
    """

    hang: float
    memory: float


class Test(NamedTuple):
    """A test that passes.

    Attributes:
        name: As pytest names it.
        file: Relative to the root of the project.
        seconds: CPU time.
        lines: Numbers of the lines that it runs, by source file.
    """

    name: str
    file: str
    seconds: float
    lines: Mapping[str, frozenset[int]]


@dataclass
class Project:
    """A folder with ``src``, ``tests`` and a file of equivalent mutants.

    Attributes:
        root: The folder.
        rooms: Its parts, by the names that ``--only`` takes.
        package: Folder of the sources, below the root.
        kept: Folder of the results, below the root.
    """

    root: Path
    rooms: Mapping[str, Room]
    limits: Limits
    package: str = "src/atelier"
    kept: str = "build/mutants"

    def sources(self, room: Room) -> list[Path]:
        """Returns the source files of a room."""
        files = sorted((self.root / self.package).glob(room.files))
        return [file for file in files if not any(map(file.match, NOT_NUMERICAL))]

    def name(self, file: Path) -> str:
        """Returns a source file's path below the package, as tables and ``--only`` have it."""
        return file.relative_to(self.root / self.package).as_posix()

    def tests(self, room: Room) -> list[Test]:
        """Returns the tests of a room that pass; traces those of files that changed."""
        test_files = sorted(
            file
            for pattern in room.tests
            for file in (self.root / "tests").glob(pattern)
            if file.name.startswith("test_")
        )
        sources = [str(file) for file in self.sources(room)]
        found = []
        for file in tqdm(test_files, desc="undisturbed tests", leave=False):
            relative = file.relative_to(self.root).as_posix()
            kept = self.root / self.kept / f"{relative.replace('/', '.')}.json"
            digest = _digest(file, *map(Path, sources))
            if not kept.exists() or json.loads(kept.read_text("utf-8"))["digest"] != digest:
                traced = self._trace(relative, sources)
                _write(kept, {"digest": digest, "tests": traced})
            content = json.loads(kept.read_text("utf-8"))["tests"]
            for name, test in content.items():
                lines = {source: frozenset(ran) for source, ran in test["lines"].items()}
                found.append(Test(name, relative, test["seconds"], lines))
        return sorted(found, key=lambda test: test.seconds)

    def _trace(self, file: str, sources: Sequence[str]) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            found = Path(folder, "found.json")
            request = {"files": [file], "tests": None, "traced": sources, "mutant": None}
            self._run(folder, request | {"found": str(found)}, cpu_seconds=3600)
            return json.loads(found.read_text("utf-8")) if found.exists() else {}

    def is_killed(self, mutant: Mutant, tests: Sequence[Test]) -> bool:
        """Returns whether a test fails, or does not end, with the mutant in place."""
        if not tests:
            return False
        request = {
            "files": sorted({test.file for test in tests}),
            "tests": [test.name for test in tests],
            "traced": [],
            "mutant": [str(mutant.file), mutant.source().decode()],
        }
        with tempfile.TemporaryDirectory() as folder:
            limit = FACTOR * sum(test.seconds for test in tests) + self.limits.hang
            return self._run(folder, request, limit) != 0

    def _run(self, folder: str, request: Mapping[str, Any], cpu_seconds: float) -> int | None:
        """Returns how a trial ended; None if it was stopped."""
        file, log = Path(folder, "request.json"), Path(folder, "output.txt")
        limits = {"cpu_seconds": cpu_seconds, "memory": self.limits.memory}
        _write(file, {**request, **limits, "folder": str(Path(folder, "tests"))})
        variables = {"PYTHONPATH": str(self.root / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        with log.open("w", encoding="utf-8") as output:
            process = fork_server().start(
                str(HERE / "mutant_trial.py"), str(file), cwd=self.root, new_session=True,
                env=os.environ | variables, output=output,
            )  # fmt: skip
            try:
                return process.wait(WAITING * cpu_seconds)
            except subprocess.TimeoutExpired:
                return None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def _digest(*files: Path) -> str:
    contents = hashlib.sha256()
    for file in files:
        contents.update(file.read_bytes())
    return contents.hexdigest()


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def tests_of(mutant: Mutant, tests: Sequence[Test]) -> list[Test]:
    """Returns the tests that run the lines of a mutant, within their time."""
    chosen, left = [], float(TEST_SECONDS)
    for test in tests:
        lines = test.lines.get(str(mutant.file), frozenset())
        runs = not lines.isdisjoint(mutant.reach) if mutant.reach else bool(lines)
        left -= test.seconds if runs else 0
        if runs and (left > 0 or not chosen):
            chosen.append(test)
    return chosen


def spread_sample(of_files: Mapping[Path, Sequence[Mutant]], seed: int) -> list[Mutant]:
    """Returns all mutants in a random order in which each beginning is spread over the files."""
    ranked = []
    for file, all_of_file in of_files.items():
        rng = random.Random(f"{seed} {file.name}")
        shuffled = rng.sample(all_of_file, len(all_of_file))
        offset = rng.random()
        ranked += [
            ((number + offset) / len(shuffled), mutant) for number, mutant in enumerate(shuffled)
        ]
    return [mutant for _, mutant in sorted(ranked, key=lambda pair: pair[0])]


class Results:
    """Outcomes of mutants in a file, a line each, so that a stopped command can go on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        self._known: dict[str, Any] = {}
        for line in lines:
            if line.endswith("}"):  # the last one may be cut off
                outcome = json.loads(line)
                self._known[outcome["mutant"]] = outcome

    def find(self, name: str, source: str, tests: str) -> bool | None:
        """Returns whether a mutant was killed, as far as that still holds."""
        known = self._known.get(name, {"source": None})
        if known["source"] != source or (not known["killed"] and known["tests"] != tests):
            return None
        return bool(known["killed"])

    def add(self, name: str, source: str, tests: str, *, killed: bool) -> None:
        """Adds an outcome."""
        outcome = {"mutant": name, "source": source, "tests": tests, "killed": killed}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(outcome)}\n")


class Campaign:
    """Tries mutants, and counts what became of them."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._results = Results(project.root / project.kept / "results.jsonl")
        listed = project.root / "proof" / "equivalent_mutants.yml"
        entries = yaml.safe_load(listed.read_text("utf-8")) if listed.exists() else []
        self._equivalent = {(entry["file"], entry["line"], entry["mutant"]) for entry in entries}
        self.counts: dict[str, Counter[str]] = {}
        self.survivors: list[Mutant] = []

    def try_mutants(self, chosen: Sequence[tuple[Mutant, Sequence[Test]]], seconds: float) -> None:
        """Tries mutants until all are tried or the time is over."""
        end, total = time.monotonic() + seconds, Counter[str]()
        with tqdm(chosen, unit="mutant", mininterval=1, smoothing=0.05) as progress:
            for mutant, tests in progress:
                if time.monotonic() > end:
                    break
                outcome = self._outcome(mutant, tests)
                counts = self.counts.setdefault(self._project.name(mutant.file), Counter())
                counts[outcome] += 1
                total[outcome] += 1
                if outcome == "survived":
                    self.survivors.append(mutant)
                progress.set_postfix(total)

    def _outcome(self, mutant: Mutant, tests: Sequence[Test]) -> str:
        file = self._project.name(mutant.file)
        if (file, mutant.original, mutant.changed) in self._equivalent:
            return "equivalent"
        name = f"{file} {mutant.number} {mutant.original} → {mutant.changed}"
        root = self._project.root
        source = _digest(mutant.file)
        known_tests = _digest(*sorted({root / test.file for test in tests}))
        killed = self._results.find(name, source, known_tests)
        if killed is None:
            killed = self._project.is_killed(mutant, tests)
            self._results.add(name, source, known_tests, killed=killed)
        return "killed" if killed else "survived"

    def killed_share(self, counts: Mapping[str, int]) -> float:
        """Returns the share of killed mutants among those that are not equivalent, in percent."""
        killed, survived = counts.get("killed", 0), counts.get("survived", 0)
        return 100 * killed / (killed + survived) if killed + survived else 100.0

    def print_table(self) -> float:
        """Prints survivors and counts; returns the share of killed ones."""
        for mutant in sorted(self.survivors, key=lambda mutant: (mutant.file, mutant.line)):
            print(f"{self._project.name(mutant.file)}:{mutant.line}")
            print(f"  - {mutant.original}\n  + {mutant.changed}")
        print(
            f"{'file':45} {'mutants':>8} {'killed':>8} {'equivalent':>10} {'survived':>8} {'%':>6}"
        )
        total = Counter[str]()
        for name, counts in sorted(self.counts.items()):
            self._print_row(name, counts)
            total += counts
        self._print_row("all", total)
        return self.killed_share(total)

    def _print_row(self, name: str, counts: Counter[str]) -> None:
        columns = " ".join(f"{counts[kind]:{width}}" for kind, width in COLUMNS.items())
        print(f"{name:45} {counts.total():8} {columns} {self.killed_share(counts):6.1f}")


COLUMNS = {"killed": 8, "equivalent": 10, "survived": 8}


def chosen_sources(project: Project, only: Sequence[str]) -> Iterator[tuple[Room, list[Path]]]:
    """Yields rooms with the files that ``--only`` names: by room or by file."""
    for name, room in project.rooms.items():
        files = project.sources(room)
        named = [file for file in files if {name, project.name(file)} & set(only)]
        if chosen := named if only else files:
            yield room, chosen


def main(root: Path = HERE.parent, rooms: Mapping[str, Room] = ROOMS) -> None:
    """Tries the mutants and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", default="", help=f"files, or rooms: {', '.join(rooms)}")
    parser.add_argument("--sample", type=int, help="how many mutants, spread over the files")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="then it stops")
    parser.add_argument("--hang", type=float, default=20, help="CPU seconds beyond the tests'")
    parser.add_argument("--memory", type=float, default=4, help="GiB beyond the libraries'")
    parser.add_argument("--least", type=float, default=90, help="percent that must be killed")
    parser.add_argument("--list", action="store_true", help="prints the mutants, tries none")
    options = parser.parse_args()
    project = Project(root, rooms, Limits(options.hang, options.memory))
    only = [name for name in options.only.split(",") if name]
    sources = list(chosen_sources(project, only))
    if not sources:
        parser.error(f"Expected rooms or files below {project.package}. Received: {only}")
    of_files = {file: mutants(file) for _, files in sources for file in files}
    sample = spread_sample(of_files, options.seed)[: options.sample]
    if options.list:
        for mutant in sample:
            print(
                f"{project.name(mutant.file)}:{mutant.line}: {mutant.original} → {mutant.changed}"
            )
        return
    whole = sum(map(len, of_files.values()))
    print(
        f"seed {options.seed}, {len(sample)} of {whole} mutants, Python {platform.python_version()}"
    )
    os.environ |= ENVIRONMENT
    tests = {
        file: found for room, files in sources for found in [project.tests(room)] for file in files
    }
    campaign = Campaign(project)
    chosen = [(mutant, tests_of(mutant, tests[mutant.file])) for mutant in sample]
    campaign.try_mutants(chosen, options.seconds)
    sys.exit(campaign.print_table() < options.least)


if __name__ == "__main__":
    main()
