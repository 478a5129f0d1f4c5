"""Which tests run which lines of the numerical code, and what they say of a mutant."""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from mutant_operators import Mutant
from tqdm import tqdm

from atelier.storage.atomic_write import write_atomically

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support.fork_server import fork_server  # noqa: E402

NOT_NUMERICAL = (
    *("__init__.py", "params.py", "figures.py", "*_figures.py", "*_sentences.py", "html_report.py"),
    *("served_card.py", "annotation.py", "application.py", "methods.py", "training.py", "unet.py"),
    *("unet_method.py", "prediction.py", "coco.py", "image_files.py", "labelled_folders.py"),
    *("layouts.py", "mask_folders.py", "reading.py", "sample_checks.py", "samples.py"),
    *("rendering.py", "examples.py", "own_logits.py", "logit_files.py", "threads.py"),
)
"""Files that draw, write sentences, train networks, read files or only hold parameters."""
EXAMPLES = "test_documentation.py"
"""The test file that runs the examples of docstrings."""
SLOW_TESTS = (
    *("test_report.py", "test_confidence.py"),
    *("test_unet_method.py", "test_application.py", "test_annotation.py"),
)
"""Test files that are left out: they train networks or draw."""
ENVIRONMENT = {
    "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    "XLA_FLAGS": "--xla_cpu_use_fusion_emitters=false",
}  # fmt: skip
"""Of the process that forks: one thread, and as `tests/conftest.py` has it."""
TRACING = 3600
"""CPU time, at most, of the tests of a file without a mutant."""
FACTOR = 10
"""How much longer than undisturbed its tests may take before a mutant counts as endless."""
IDLE_SECONDS = 30
"""A mutant whose processes compute nothing for so long counts as endless."""


class Room(NamedTuple):
    """Files of numerical code, and the test files that are to notice their mutants.

    Attributes:
        files: A pattern below ``src/atelier``.
        tests: Patterns below ``tests``.
    """

    files: str
    tests: Sequence[str]


class Limits(NamedTuple):
    """What a process may take beyond what its tests take undisturbed.

    Attributes:
        hang: CPU seconds, for the imports too.
        memory: GiB.
        seconds: CPU time of the tests of a mutant, the fastest first; slower ones are left out.
    """

    hang: float
    memory: float
    seconds: float


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
        limits: Of a trial.
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
        """Returns the tests of a room that pass, the fastest first; traces changed ones anew."""
        folder = self.root / "tests"
        files = {file for pattern in room.tests for file in folder.glob(pattern)}
        chosen = [(file, "") for file in sorted(files) if file.name not in SLOW_TESTS]
        if (folder / EXAMPLES).exists():
            module = room.files.partition("*")[0].replace("/", ".")
            chosen.append((folder / EXAMPLES, f"examples_of_a_module and atelier.{module}"))
        sources = self.sources(room)
        found = []
        for file, keyword in tqdm(chosen, desc="tests without a mutant", leave=False):
            name = file.relative_to(self.root).as_posix()
            digest = digest_of(file, *sources)
            kept = self.root / self.kept / f"{name.replace('/', '.')}.{digest[:16]}.json"
            if not kept.exists():
                _write(kept, self._trace(name, keyword, sources))
            found += [
                Test(test, name, traced["seconds"], _line_sets(traced["lines"]))
                for test, traced in _read(kept).items()
            ]
        return sorted(found, key=lambda test: test.seconds)

    def _trace(self, file: str, keyword: str, sources: Sequence[Path]) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            found = Path(folder, "found.json")
            request = {
                "files": [file], "keyword": keyword, "tests": None, "mutant": None,
                "traced": [str(source) for source in sources], "found": str(found),
            }  # fmt: skip
            self._run(folder, request, TRACING)
            return _read(found) if found.exists() else {}

    def tests_of(self, mutant: Mutant, tests: Sequence[Test]) -> list[Test]:
        """Returns the tests that run the lines of a mutant, within their time."""
        chosen: list[Test] = []
        left = self.limits.seconds
        for test in tests:
            lines = test.lines.get(str(mutant.file), frozenset())
            runs = not lines.isdisjoint(mutant.reach) if mutant.reach else bool(lines)
            left -= test.seconds if runs else 0
            if runs and (left > 0 or not chosen):
                chosen.append(test)
        return chosen

    def is_killed(self, mutant: Mutant, tests: Sequence[Test]) -> bool:
        """Returns whether a test fails, or does not end, with the mutant in place."""
        if not tests:
            return False
        request = {
            "files": sorted({test.file for test in tests}),
            "tests": [test.name for test in tests],
            "keyword": "",
            "traced": [],
            "mutant": [str(mutant.file), mutant.source().decode()],
        }
        with tempfile.TemporaryDirectory() as folder:
            limit = FACTOR * sum(test.seconds for test in tests) + self.limits.hang
            return self._run(folder, request, limit) != 0

    def _run(self, folder: str, request: Mapping[str, Any], cpu_seconds: float) -> int:
        """Returns how a trial ended, as ``subprocess`` says it."""
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
                _wait_while_computing(process)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
            status: int = process.wait()
            return status


def _wait_while_computing(process: Any) -> None:
    """Waits until a process ends, or it and its children took no CPU time for some seconds."""
    used, since = -1.0, time.monotonic()
    while process.poll() is None and time.monotonic() - since < IDLE_SECONDS:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
        with contextlib.suppress(psutil.NoSuchProcess):
            trial = psutil.Process(process.pid)
            all_times = [each.cpu_times() for each in (trial, *trial.children(recursive=True))]
            if (now := sum(times.user + times.system for times in all_times)) != used:
                used, since = now, time.monotonic()


def digest_of(*files: Path) -> str:
    """Returns a digest of the contents of files."""
    contents = hashlib.sha256()
    for file in files:
        contents.update(file.read_bytes())
    return contents.hexdigest()


def _line_sets(lines: Mapping[str, Sequence[int]]) -> dict[str, frozenset[int]]:
    return {file: frozenset(numbers) for file, numbers in lines.items()}


def _read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, json.dumps(content).encode(), power_safe=False)
