"""Runs everything several times and compares the numbers: again, and as an older processor.

`python proof/same.py [--python python3.12,python3.13] [--pipelines train,sweep]`. The same command
with the same seed on the same machine must leave the same content (every number and weight, bit by
bit; pictures, clock times and the names of runs aside). With the settings of an older processor,
and by other interpreters that have this project's packages, sums are rounded in another order: the
table has the largest differences of the metrics, in units of their tolerance. The exit code is 1 if
a file differs, or a metric by more.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from disturbed_project import PICTURES, DisturbedProject
from file_content import is_of_a_run

from atelier.hooks.termination import exit_on_sigterm

OLDER = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
}
"""What `make test-older-cpu` sets."""
RELATIVE, ABSOLUTE = 0.05, 0.05
"""Tolerances of a metric: trainings of some steps amplify the rounding of their first ones."""
SHOWN = 15
"""Metrics that are printed, those with the largest differences."""


def run_everything(
    folder: Path, pipelines: Sequence[str], variables: Mapping[str, str], python: str
) -> DisturbedProject:
    """Returns a project in which everything ran, in real processes."""
    folder.mkdir()
    project = DisturbedProject(folder)
    command = [python, "-m", "kedro", "run", "--env", "test"]
    command += ["--pipelines", ",".join(pipelines)] if pipelines else []
    environment = project.environment | dict(variables)
    ended = subprocess.run(
        command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        sys.exit(f"{' '.join(command)}:\n{ended.stdout}{ended.stderr}")
    return project


def metrics(project: DisturbedProject) -> dict[str, float]:
    """Returns every number of the files of metrics, by the file's path and its name there."""
    root = project.path("08_reporting", "test")
    return {
        f"{path.relative_to(root).as_posix().removesuffix('_metrics.json')} {name}": value
        for path in sorted(root.rglob("*_metrics.json"))
        for name, value in numbers(json.loads(path.read_text("utf-8")))
        if not is_of_a_run(name)
    }


def numbers(content: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yields the numbers of nested mappings and lists with their dotted names."""
    if isinstance(content, bool) or content is None or isinstance(content, str):
        return
    if isinstance(content, (int, float)):
        yield name, float(content)
        return
    items = content.items() if isinstance(content, Mapping) else enumerate(content)
    for key, value in items:
        yield from numbers(value, f"{name}.{key}" if name else str(key))


def differences(truth: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Returns the difference of each metric in units of its tolerance; infinite where one lacks."""
    return {
        name: distance(truth[name], other[name]) if name in truth and name in other else math.inf
        for name in sorted({*truth, *other})
    }


def distance(a: float, b: float) -> float:
    """Returns |a − b| in units of the tolerance.

    Examples:
        >>> distance(1.0, 1.1) > 1, distance(0.5, 0.51) < 1
        (True, True)
        >>> distance(math.nan, 1.0), distance(math.nan, math.nan)
        (inf, 0.0)
    """
    if math.isnan(a) or math.isnan(b):
        return 0.0 if math.isnan(a) and math.isnan(b) else math.inf
    return 0.0 if a == b else abs(a - b) / (ABSOLUTE + RELATIVE * max(abs(a), abs(b)))


def compare_files(first: DisturbedProject, again: DisturbedProject) -> list[str]:
    """Returns the names of files that differ, without pictures and the report, which names runs."""
    before, after = first.contents(), again.contents()
    return sorted(
        name
        for name in {*before, *after}
        if before.get(name) != after.get(name)
        and Path(name).suffix not in {*PICTURES, ".html"}
        and not any(word in name for word in ("costs", "manifest", "member_runs"))
    )


def print_differences(
    name: str, truth: Mapping[str, float], other: Mapping[str, float]
) -> list[str]:
    """Prints the metrics that differ most, and returns those beyond their tolerance."""
    found = differences(truth, other)
    largest = sorted(found, key=lambda metric: -found[metric])[:SHOWN]
    equal = sum(size == 0 for size in found.values())
    print(f"{name}: {len(found)} metrics, {equal} equal; largest differences, in tolerances")
    for metric in largest:
        values = f"{truth.get(metric, math.nan):12.6g} {other.get(metric, math.nan):12.6g}"
        print(f"  {found[metric]:8.3f}  {values}  {metric}")
    return [metric for metric, size in found.items() if size > 1]


def main() -> int:
    """Compares the runs, and returns the exit code."""
    exit_on_sigterm()  # which ends what it started
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pipelines", default="", help="with commas; by default all")
    parser.add_argument("--python", default="", help="other interpreters, with commas")
    options = parser.parse_args()
    pipelines = [name for name in options.pipelines.split(",") if name]
    others = [name for name in options.python.split(",") if name]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        first = run_everything(Path(folder) / "first", pipelines, {}, sys.executable)
        again = run_everything(Path(folder) / "again", pipelines, {}, sys.executable)
        other_files = compare_files(first, again)
        print(f"the same command again: {len(other_files)} files differ {other_files or ''}")
        wrong = list(other_files)
        older = run_everything(Path(folder) / "older", pipelines, OLDER, sys.executable)
        wrong += print_differences("an older processor", metrics(first), metrics(older))
        for number, python in enumerate(others):
            project = run_everything(Path(folder) / f"other{number}", pipelines, {}, python)
            wrong += print_differences(python, metrics(first), metrics(project))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
