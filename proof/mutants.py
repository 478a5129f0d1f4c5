"""Changes the numerical code in many small ways, and counts which changes the tests notice.

`python proof/mutants.py [--only evaluation,cells/matching.py] [--sample 60] [--seed 0] [--seconds
3600] [--list]`. Every mutant runs in a fork of a process that has imported the libraries, with the
tests of its room that run its lines, the fastest first, until one fails. A sample is that of each
room, spread over its files. Results are kept in `build/mutants`: a command that was stopped goes
on, a mutant that was killed stays so while its file is unchanged, and survivors are tried again
when their tests change. Survivors that compute the same are listed in
`proof/equivalent_mutants.yml` and count apart. The exit code is 1 if less than `--least` percent of
the others are killed.

The operators are a file of our own rather than a dependency: cosmic-ray brings an HTTP client, git
and SQLAlchemy, and starts a process for each mutant; mutmut 3 leaves out code outside functions.
"""

import argparse
import json
import os
import platform
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from mutant_operators import Mutant, mutants
from mutant_project import ENVIRONMENT, HERE, Limits, Project, Room, Test, digest_of
from tqdm import tqdm

DETECTION_TESTS = ("calibration/test_density.py", "calibration/test_rejection.py")
ROOMS = {
    "evaluation": Room(
        "evaluation/*.py",
        (
            "evaluation/test_*.py",
            "calibration/test_counts.py",
            "calibration/test_measures.py",
            *DETECTION_TESTS,
        ),
    ),
    "calibration": Room("calibration/*.py", ("calibration/test_*.py",)),
    "thresholding": Room("thresholding/*.py", ("thresholding/test_*.py",)),
    "clustering": Room("clustering/*.py", ("clustering/test_*.py",)),
    "segmentation": Room("segmentation/*.py", ("segmentation/test_*.py",)),
    "cells": Room("cells/*.py", ("cells/test_*.py",)),
    "idx": Room("data/idx*.py", ("data/test_idx.py",)),
    "incremental": Room("incremental/*.py", ("incremental/test_*.py",)),
}
COLUMNS = {"killed": 8, "equivalent": 10, "survived": 8}
"""What becomes of mutants, with the width of its column."""


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
        content = file.read_text("utf-8") if file.exists() else ""
        if content and not content.endswith("\n"):  # a kill cut off the last line
            content = content[: content.rfind("\n") + 1]
            file.write_text(content, encoding="utf-8")
        self._known: dict[str, Any] = {}
        for line in content.splitlines():
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

    def __init__(self, project: Project, end: float) -> None:
        self._project, self._end = project, end
        self._results = Results(project.root / project.kept / "results.jsonl")
        listed = project.root / "proof" / "equivalent_mutants.yml"
        entries = yaml.safe_load(listed.read_text("utf-8")) if listed.exists() else []
        self._equivalent = {(entry["file"], entry["line"], entry["mutant"]) for entry in entries}
        self.counts: dict[str, Counter[str]] = {}

    def try_mutants(self, room: Room, sample: Sequence[Mutant]) -> None:
        """Tries mutants of a room until all are tried or the time is over."""
        tests = self._project.tests(room)
        total = Counter[str]()
        with tqdm(sample, unit="mutant", mininterval=1, smoothing=0.05) as progress:
            for mutant in progress:
                if time.monotonic() > self._end:
                    break
                covering = self._project.tests_of(mutant, tests)
                outcome = self._outcome(mutant, covering)
                self.counts.setdefault(self._project.name(mutant.file), Counter())[outcome] += 1
                total[outcome] += 1
                if outcome == "survived":
                    unseen = "" if covering else ", which no test runs"
                    place = f"{self._project.name(mutant.file)}:{mutant.line}{unseen}"
                    progress.write(f"{place}\n  - {mutant.original}\n  + {mutant.changed}")
                progress.set_postfix(total)

    def _outcome(self, mutant: Mutant, tests: Sequence[Test]) -> str:
        file = self._project.name(mutant.file)
        if (file, mutant.original, mutant.changed) in self._equivalent:
            return "equivalent"
        name = f"{file} {mutant.number} {mutant.original} → {mutant.changed}"
        root = self._project.root
        source = digest_of(mutant.file)
        known_tests = digest_of(*sorted({root / test.file for test in tests}))
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
        """Prints the counts of each file; returns the share of killed ones."""
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
    parser.add_argument("--sample", type=int, help="of each room, spread over its files")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="then it stops")
    parser.add_argument("--hang", type=float, default=20, help="CPU seconds beyond the tests'")
    parser.add_argument("--memory", type=float, default=4, help="GiB beyond the libraries'")
    parser.add_argument("--test-seconds", type=float, default=20, help="CPU time of its tests")
    parser.add_argument("--least", type=float, default=90, help="percent that must be killed")
    parser.add_argument("--list", action="store_true", help="prints the mutants, tries none")
    options = parser.parse_args()
    project = Project(root, rooms, Limits(options.hang, options.memory, options.test_seconds))
    only = [name for name in options.only.split(",") if name]
    sources = list(chosen_sources(project, only))
    if not sources:
        parser.error(f"Expected rooms or files below {project.package}. Received: {only}")
    samples = [
        (
            room,
            spread_sample({file: mutants(file) for file in files}, options.seed)[: options.sample],
        )
        for room, files in sources
    ]
    if options.list:
        for mutant in (mutant for _, sample in samples for mutant in sample):
            place = f"{project.name(mutant.file)}:{mutant.line}"
            print(f"{place}: {mutant.original} → {mutant.changed}")
        return
    print(f"seed {options.seed}, Python {platform.python_version()}, {platform.machine()}")
    os.environ |= ENVIRONMENT
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # which stops the mutant too
    campaign = Campaign(project, time.monotonic() + options.seconds)
    for room, sample in samples:
        campaign.try_mutants(room, sample)
    sys.exit(campaign.print_table() < options.least)


if __name__ == "__main__":
    main()
