"""Runs tests in a fork, for `proof/mutants.py`: to trace their lines, or with a mutant in place.

A mutant is put in place where its module is imported; no file of the project is written.
"""

import importlib.abc
import importlib.machinery
import json
import resource
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest

OTHER_PROCESSES = {"worker_id", "fresh", "browser", "mirror"}
"""Fixtures of tests that run commands or need real data: a mutant is in place in one process."""
GIB = 2**30


class MutantFinder(importlib.abc.MetaPathFinder):
    """Finds one source file with other content."""

    def __init__(self, file: Path, source: bytes) -> None:
        self._file, self._source = file, source

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns the spec of the module whose file it is; of others None."""
        if name.rpartition(".")[2] != self._file.stem:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin != str(self._file):
            return None
        spec.loader = MutantLoader(name, spec.origin)
        spec.loader.source = self._source
        return spec


class MutantLoader(importlib.machinery.SourceFileLoader):
    """Compiles given source; neither reads nor writes compiled files."""

    source: bytes

    def get_code(self, fullname: str) -> CodeType:
        """Returns the compiled mutant."""
        return compile(self.source, self.path, "exec", dont_inherit=True)


class Tests:
    """A pytest plugin: chooses tests, and finds out which lines of some files each of them runs."""

    def __init__(self, wanted: Sequence[str] | None, traced: Sequence[str]) -> None:
        self._rank = None if wanted is None else {test: rank for rank, test in enumerate(wanted)}
        self._traced = frozenset(traced)
        self._lines: set[tuple[str, int]] = set()
        self._of_fixtures: dict[Any, set[tuple[str, int]]] = defaultdict(set)
        self._found: dict[str, tuple[float, pytest.Item, set[tuple[str, int]]]] = {}
        self._failed: set[str] = set()

    def pytest_sessionstart(self) -> None:
        """Makes random examples the same every time; nothing is shrunk or kept on a disk."""
        from hypothesis import Phase, settings

        repeatable = {"derandomize": True, "database": None, "deadline": None}
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", settings(), phases=phases, **repeatable)
        settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leaves the chosen tests, in their order."""
        rank = self._rank
        if rank is not None:
            chosen = [item for item in items if item.nodeid in rank]
            items[:] = sorted(chosen, key=lambda item: rank[item.nodeid])
        else:
            items[:] = [item for item in items if not OTHER_PROCESSES & set(_fixtures(item))]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Traces a test with its set-up."""
        if not self._traced:
            return (yield)
        self._clear_caches()
        self._lines, began = set(), time.process_time()
        self._start()
        try:
            return (yield)
        finally:
            self._stop()
            self._found[item.nodeid] = (time.process_time() - began, item, self._lines)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        """Remembers the lines of a fixture for all tests that use it."""
        outside, self._lines = self._lines, set()
        try:
            return (yield)
        finally:
            self._of_fixtures[fixturedef] |= self._lines
            self._lines = outside | self._lines

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remembers tests that did not pass: they cannot notice a mutant."""
        if not report.passed:
            self._failed.add(report.nodeid)

    def found(self) -> dict[str, Any]:
        """Returns CPU seconds, and lines by file, of each test that passed."""
        return {
            test: {"seconds": seconds, "lines": _by_file(lines | self._shared(item))}
            for test, (seconds, item, lines) in self._found.items()
            if test not in self._failed
        }

    def _shared(self, item: pytest.Item) -> set[tuple[str, int]]:
        definitions = getattr(item, "_fixtureinfo").name2fixturedefs.values()  # noqa: B009
        used = [definition for of_name in definitions for definition in of_name]
        return set().union(*(self._of_fixtures.get(definition, set()) for definition in used))

    def _clear_caches(self) -> None:
        """Forgets results of earlier tests, so that each test runs the lines that it needs."""
        for module in list(sys.modules.values()):
            if getattr(module, "__file__", None) in self._traced:
                for value in vars(module).values():
                    if callable(clear := getattr(value, "cache_clear", None)):
                        clear()

    def _start(self) -> None:
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def _stop(self) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in self._traced:
            return None
        if event == "line":
            self._lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._trace


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def _by_file(lines: set[tuple[str, int]]) -> dict[str, list[int]]:
    files: dict[str, list[int]] = defaultdict(list)
    for file, line in sorted(lines):
        files[file].append(line)
    return files


def main(request: dict[str, Any]) -> int:
    """Runs the tests of a request; returns pytest's exit code."""
    limit = int(request["cpu_seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    memory = used + int(request["memory"] * GIB)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if request["mutant"]:
        file, source = request["mutant"]
        sys.meta_path.insert(0, MutantFinder(Path(file), source.encode()))
    tests = Tests(request["tests"], request["traced"])
    options = ["-p", "pytest_timeout", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-q"]
    options += ["--basetemp", request["folder"], "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    options += ["-k", request["keyword"]] if request["keyword"] else []
    options += ["--exitfirst"] if request["mutant"] else []
    code = pytest.main([*options, *request["files"]], plugins=[tests])
    if request["traced"]:
        Path(request["found"]).write_text(json.dumps(tests.found()), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    import os

    status = main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    sys.stdout.flush()
    os._exit(status)  # threads of libraries may still run
