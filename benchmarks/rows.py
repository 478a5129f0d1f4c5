"""What a benchmark measures, as data: its options, its rows, and the file that has them."""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DIGITS = 5
"""Significant digits of the numbers in a file."""


@dataclass(frozen=True)
class Row:
    """One measurement of this project, beside that of a peer if there is one.

    Attributes:
        name: What is measured.
        ours: Seconds of this project in each turn.
        peer: Name and version of the program beside it, empty if there is none.
        theirs: Its seconds in each turn.
        compared: What both results have been compared by, such as "largest difference".
        difference: Between both results, by that measure; None if they are not compared.
        tolerance: The largest difference at which times are compared; None if results may differ.
        numbers: Other measured numbers, by their names with units.
    """

    name: str
    ours: Sequence[float]
    peer: str = ""
    theirs: Sequence[float] = ()
    compared: str = ""
    difference: float | None = None
    tolerance: float | None = None
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Median seconds of this project."""
        return statistics.median(self.ours)

    @property
    def ratio(self) -> float:
        """How many times as long the peer takes, by medians."""
        return statistics.median(self.theirs) / self.seconds

    def as_data(self) -> dict[str, Any]:
        """Returns the row as it stands in a file: medians, and least and largest of the turns."""
        data: dict[str, Any] = {"name": self.name, "repeats": len(self.ours)}
        data |= {"ours": rounded(self.seconds), "ours_range": spread(self.ours)}
        if self.peer:
            turns = [theirs / ours for ours, theirs in zip(self.ours, self.theirs, strict=True)]
            data |= {"peer": self.peer, "theirs": rounded(statistics.median(self.theirs))}
            data |= {"theirs_range": spread(self.theirs)}
            data |= {"ratio": rounded(self.ratio), "ratio_range": spread(turns)}
        if self.difference is not None:
            data |= {"compared": self.compared, "difference": rounded(self.difference)}
            data |= {"tolerance": self.tolerance}
        numbers = {name: rounded(number) for name, number in self.numbers.items()}
        return data | ({"numbers": numbers} if numbers else {})


def rounded(number: float) -> float:
    """Returns a number with five significant digits.

    Examples:
        >>> rounded(123456.7), rounded(0.000123456)
        (123460.0, 0.00012346)
    """
    return float(f"{number:.{DIGITS}g}")


def spread(values: Sequence[float]) -> list[float]:
    """Returns the least and the largest value."""
    return [rounded(min(values)), rounded(max(values))]


def require_agreement(row: Row) -> None:
    """Ends the program if the results of a row differ by more than their tolerance.

    Raises:
        SystemExit: If they do; also where the difference is not a number.
    """
    if row.tolerance is None or row.difference is None or row.difference <= row.tolerance:
        return
    sys.exit(
        f"Expected {row.name}: {row.compared} to {row.peer} of at most {row.tolerance:g}. "
        f"Received: {row.difference:g}"
    )


def seconds_of(call: Callable[[], Any]) -> float:
    """Returns the seconds that a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def take_turns(repeats: int, *timed: Callable[[], float]) -> list[list[float]]:
    """Returns the seconds of functions that are called in turns.

    Args:
        repeats: Of each function.
        timed: Functions that do some work and return its seconds.

    Returns:
        A list for each function, of so many seconds.
    """
    turns = [[call() for call in timed] for _ in range(repeats)]
    return [list(values) for values in zip(*turns, strict=True)]


def benchmark_parser(description: str | None, *, repeats: int) -> argparse.ArgumentParser:
    """Returns a parser with the options that every benchmark has.

    Args:
        description: The docstring of the benchmark.
        repeats: The default number of turns.
    """
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=raw)
    parser.add_argument("--repeats", type=int, default=repeats, help="turns of each measurement")
    parser.add_argument("--tiny", action="store_true", help="small sizes, to see that all works")
    parser.add_argument("--json", type=Path, help="file that the rows are written to as well")
    parser.add_argument(
        "--peers", default=sys.executable, metavar="PYTHON", help="interpreter that has the peers"
    )
    return parser


def package_version(python: str, package: str) -> str:
    """Returns the version of a package in another interpreter, empty if it is not there."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    ended = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return ended.stdout.strip()


def write_rows(path: Path | None, rows: Sequence[Row]) -> None:
    """Writes rows as JSON, if there is a path."""
    if path:
        text = json.dumps([row.as_data() for row in rows], indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
