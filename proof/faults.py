"""Kills, interrupts and damages runs of copies of the project, and checks that the work ends well.

`python proof/faults.py [--tries 100] [--seed 0] [--only kill,damage]`. A copy of the project in
which everything ran is disturbed at a random moment; then the same command runs again, undisturbed.
Its outputs must equal those of a run that nobody disturbed, MLflow must have no run that seems to
go on, no version of a model twice, and a further command nothing to do. A command that cannot go on
must say so, without a traceback. The table has a row for each fault; the exit code is 1 if a try
went wrong. `full disk` and `read-only` need the right to mount a file system, `database` needs
PostgreSQL; they are left out elsewhere. `--tiny`: one try of each.
"""

import argparse
import platform
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from disturbances import DISTURBANCES
from disturbed_project import PICTURES, PIPELINES, DisturbedProject, NotPossibleError

from atelier.hooks.termination import exit_on_sigterm


@dataclass
class Row:
    """What came of the tries of one fault."""

    tries: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def disturb(
    name: str, project: DisturbedProject, pipelines: Sequence[str], tries: int, seed: int
) -> Row:
    """Tries one fault in the pipelines in turn; each moment and place is drawn."""
    row, began = Row(), time.monotonic()
    for number in range(tries):
        rng = random.Random(f"{seed} {name} {number}")
        pipeline = pipelines[number % len(pipelines)]
        try:
            refused, wrong = DISTURBANCES[name](project, pipeline, rng)
        except NotPossibleError as reason:
            print(f"{name}: left out, {reason}", flush=True)
            break
        row.tries += 1
        row.refused += refused
        if wrong:
            row.wrong.append(f"try {number}, {pipeline}: {wrong}")
            project.restore()
        print(f"{name} {number + 1}/{tries} {pipeline}: {wrong or 'well'}", file=sys.stderr)
    row.seconds = time.monotonic() - began
    return row


def finished_project(folder: Path, given: Path | None) -> DisturbedProject:
    """Returns a copy of the project in which everything ran."""
    if given:
        shutil.copytree(given, folder, symlinks=True)
    else:
        folder.mkdir(parents=True)
    return DisturbedProject(folder)


def print_table(rows: dict[str, Row], noisy: Sequence[str]) -> None:
    """Prints counts, then every try that went wrong."""
    print(f"{platform.machine()}, Python {platform.python_version()}")
    print(f"{'fault':28} tries  refused in words  went wrong  minutes")
    for name, row in rows.items():
        numbers = f"{row.tries:5}  {row.refused:16}  {len(row.wrong):10}  {row.seconds / 60:7.1f}"
        print(f"{name:28} {numbers}")
    others = [name for name in noisy if Path(name).suffix not in PICTURES]
    print(f"Compared by name only: pictures, and {', '.join(others) or 'nothing else'}")
    for name, row in rows.items():
        for words in row.wrong:
            print(f"{name}: {words}")


def chosen_names(text: str, known: Collection[str], kind: str) -> list[str]:
    """Returns the names that an option has, with commas between them.

    Args:
        text: The option.
        known: All names that there are.
        kind: What they name, for the message.

    Raises:
        SystemExit: If a name is unknown.
    """
    names = text.split(",")
    if unknown := sorted(set(names) - set(known)):
        sys.exit(f"Expected {kind} among {', '.join(known)}. Received: {unknown}")
    return names


def main() -> int:
    """Tries every fault, and returns the exit code."""
    exit_on_sigterm()  # which ends what it started
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, default=100, help="kills; other faults a tenth")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(DISTURBANCES), help="faults, with commas")
    parser.add_argument("--pipelines", default=",".join(PIPELINES), help="with commas")
    parser.add_argument("--finished", type=Path, help="a project in which everything ran")
    parser.add_argument("--tiny", action="store_true", help="one try of each")
    options = parser.parse_args()
    names = chosen_names(options.only, DISTURBANCES, "faults")
    with tempfile.TemporaryDirectory() as folder:
        project = finished_project(Path(folder) / "project", options.finished)
        pipelines = options.pipelines.split(",")
        project.prepare(pipelines)
        rows: dict[str, Row] = {
            name: disturb(name, project, pipelines, tries_of(name, options), options.seed)
            for name in names
        }
        print_table(rows, sorted(project.noisy))
    return int(any(row.wrong for row in rows.values()))


def tries_of(name: str, options: argparse.Namespace) -> int:
    """Returns how often a fault is tried: kills are the fault with the most moments."""
    tries = int(options.tries)
    if options.tiny:
        return 1
    return tries if name == "kill" else max(tries // 10, 2)


if __name__ == "__main__":
    sys.exit(main())
