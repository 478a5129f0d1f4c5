"""Benchmarks are run at a tiny size, so that none stops working unseen."""

import re
import subprocess
import sys

from support.project import ROOT


def test_the_benchmark_of_startup_measures_both_projects():
    line = [sys.executable, ROOT / "benchmarks" / "startup.py", "1"]
    ended = subprocess.run(line, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    for row in (r"bare +median [\d.]+ s", r"atelier +median [\d.]+ s", r"ratio +[\d.]+"):
        assert re.search(row, ended.stdout)
