"""`make bench`: how it goes on after a kill, what it says of a failure, what it writes."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from support.project import ROOT

MEASURES = """
import pathlib, sys
pathlib.Path(__file__).with_suffix(".log").open("a").write("x")
{first}
pathlib.Path(sys.argv[sys.argv.index("--json") + 1]).write_text('[{{"name": "{name}"}}]')
"""
KILLS = """
import os, signal
mark = pathlib.Path(__file__).with_suffix(".mark")
if not mark.exists():
    mark.touch()
    os.kill(os.getppid(), signal.SIGKILL)
    sys.exit(1)
"""
FAILS = "sys.exit('broken')"


class Benchmarks:
    """A folder with the runner and two programs in place of benchmarks."""

    def __init__(self, folder):
        self.folder = folder / "benchmarks"
        self.folder.mkdir()
        self.results = folder / "results" / "benchmarks.json"
        shutil.copy(ROOT / "benchmarks" / "run.py", self.folder)
        for name in ("startup", "calibration"):
            self.write(name)

    def write(self, name, first=""):
        text = MEASURES.format(name=name, first=first)
        (self.folder / f"{name}.py").write_text(text, encoding="utf-8")

    def run(self, *arguments):
        command = [sys.executable, str(self.folder / "run.py"), "--only", "startup,calibration"]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        return subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True
        )

    def times(self, name):
        """How often a benchmark ran."""
        return len((self.folder / f"{name}.log").read_text("utf-8"))

    def names(self):
        return list(json.loads(self.results.read_text("utf-8")))


@pytest.fixture
def benchmarks(tmp_path):
    return Benchmarks(tmp_path)


def test_a_command_that_was_killed_goes_on_with_what_is_missing(benchmarks):
    benchmarks.write("calibration", KILLS)
    assert benchmarks.run().returncode == -signal.SIGKILL
    assert not benchmarks.results.exists()
    again = benchmarks.run()
    assert again.returncode == 0, again.stderr
    assert "startup: measured before" in again.stdout
    assert benchmarks.names() == ["startup", "calibration"]
    assert (benchmarks.times("startup"), benchmarks.times("calibration")) == (1, 2)


def test_a_finished_command_measures_everything_anew(benchmarks):
    for _ in range(2):
        assert benchmarks.run().returncode == 0
    assert (benchmarks.times("startup"), benchmarks.times("calibration")) == (2, 2)


def test_a_benchmark_that_fails_is_reported_after_the_others(benchmarks):
    benchmarks.write("startup", FAILS)
    ended = benchmarks.run()
    assert ended.returncode == 1
    assert "broken" in ended.stderr
    assert "failed: startup;" in ended.stderr
    assert benchmarks.names() == ["calibration"]
    benchmarks.write("startup")
    assert benchmarks.run().returncode == 0
    assert benchmarks.names() == ["startup", "calibration"]
    assert benchmarks.times("calibration") == 1


@pytest.mark.parametrize("arguments", [["--again"], ["--repeats", "2"]])
def test_what_another_command_measured_is_not_taken(benchmarks, arguments):
    benchmarks.write("calibration", FAILS)
    benchmarks.run()
    benchmarks.run(*arguments)
    assert benchmarks.times("startup") == 2


def test_results_of_other_benchmarks_stay(benchmarks):
    benchmarks.run()
    record = json.loads(benchmarks.results.read_text("utf-8"))
    benchmarks.run("--only", "calibration", "--repeats", "2")
    after = json.loads(benchmarks.results.read_text("utf-8"))
    assert after["startup"] == record["startup"]
    assert after["calibration"]["command"] == "python benchmarks/calibration.py --repeats 2"


def test_each_benchmark_has_its_circumstances(benchmarks):
    assert benchmarks.run("--tiny", "--output", str(benchmarks.results)).returncode == 0
    record = json.loads(benchmarks.results.read_text("utf-8"))["startup"]
    assert record["command"] == "python benchmarks/startup.py --tiny"
    assert record["rows"] == [{"name": "startup"}]
    assert record["date"].endswith("UTC")
    assert record["seconds"] >= 0
    machine = record["machine"]
    assert machine["cores"] >= 1
    assert len(machine["load"]) == 3
    assert {"Python", "atelier", "numpy", "tensorflow"} <= set(machine["versions"])


def test_tiny_results_are_not_those_of_the_page(benchmarks):
    assert benchmarks.run("--tiny").returncode == 0
    assert not benchmarks.results.exists()


def test_an_unknown_benchmark_is_refused(benchmarks):
    ended = benchmarks.run("--only", "startup,none")
    assert ended.returncode == 2
    assert "Received: ['none']" in ended.stderr


def test_a_command_that_is_ended_ends_its_benchmark(benchmarks):
    waits = "import os, time; print(os.getpid(), flush=True); time.sleep(3600)"
    benchmarks.write("startup", waits)
    command = [sys.executable, str(benchmarks.folder / "run.py"), "--only", "startup"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as runner:
        runner.stdout.readline()
        number = int(runner.stdout.readline())
        runner.terminate()
        assert runner.wait() == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
