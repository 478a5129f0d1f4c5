"""The process of a peer, whose calls take turns with this project's."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from rows import Row, require_agreement, seconds_of, take_turns

from atelier.types import Array

BENCHMARKS = Path(__file__).parents[1]


def largest_difference(ours: Any, theirs: Any) -> float:
    """Returns the largest absolute difference of two results."""
    return float(np.max(np.abs(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64))))


class Comparison(NamedTuple):
    """A row, and the results of both programs; the peer's is None if there is no peer."""

    row: Row
    ours: Any
    theirs: Array | None


class PeerProcess:
    """Runs the calls of a file of this package in another interpreter.

    Attributes:
        names: Name and version of the peer, by the name of the call.
    """

    def __init__(self, python: str, file: str, inputs: Mapping[str, Any]) -> None:
        """Starts the process.

        Args:
            python: The interpreter.
            file: Name of the file without its suffix.
            inputs: Arrays and numbers that the calls take.
        """
        self._folder = tempfile.TemporaryDirectory()
        arrays: dict[str, Any] = {key: np.asarray(x) for key, x in inputs.items()}
        np.savez(self._path("inputs.npz"), **arrays)
        self._process = subprocess.Popen(
            [python, "-m", "peers.worker", file, self._folder.name],
            env=os.environ | {"PYTHONPATH": str(BENCHMARKS), "CUDA_VISIBLE_DEVICES": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.names: dict[str, str] = json.loads(self._answer())

    def __enter__(self) -> Self:
        """Returns the process."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()

    def _path(self, name: str) -> Path:
        return Path(self._folder.name, name)

    def _answer(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError("Expected an answer of the peer's process. Received: its end")
        return line

    def call(self, name: str) -> tuple[float, Array]:
        """Returns the seconds of a call, and its result.

        Raises:
            RuntimeError: If the process ends, which then has printed why.
        """
        if self._process.stdin:
            self._process.stdin.write(f"{name}\n")
            self._process.stdin.flush()
        seconds = float(self._answer())
        return seconds, np.load(self._path("result.npy"))

    def compare(
        self,
        name: str,
        ours: Callable[[], Any],
        *,
        repeats: int,
        tolerance: float | None,
        compared: str = "largest difference",
        difference: Callable[[Any, Any], float] = largest_difference,
    ) -> Comparison:
        """Compares the results of both programs, then their times in turns.

        Args:
            name: Of the call; a peer without it is left out.
            ours: This project's call.
            repeats: Turns.
            tolerance: The largest difference; None if results may differ.
            compared: What `difference` measures.
            difference: From both results to a number.

        Raises:
            SystemExit: If results differ by more than the tolerance.
        """
        result = ours()
        if name not in self.names:
            (seconds,) = take_turns(repeats, lambda: seconds_of(ours))
            return Comparison(Row(name, seconds), result, None)
        _, theirs = self.call(name)
        distance = difference(result, theirs)
        row = Row(name, [], self.names[name], [], compared, distance, tolerance)
        require_agreement(row)
        turns = take_turns(repeats, lambda: seconds_of(ours), lambda: self.call(name)[0])
        return Comparison(replace(row, ours=turns[0], theirs=turns[1]), result, theirs)
