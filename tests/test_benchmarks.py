"""Every benchmark runs at its tiny size and prints its rows."""

import os
import re
import subprocess
import sys

import pytest
from support.project import ROOT

NUMBER = r"[\d.,]+"


def run_tiny(name: str, *, ok: bool = True) -> str:
    """Returns what `benchmarks/NAME.py --tiny` prints; its errors too if it may end early."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "CUDA_VISIBLE_DEVICES": ""}
    environment |= {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, ROOT / "benchmarks" / f"{name}.py", "--tiny"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert not ok or ended.returncode == 0, ended.stderr
    return ended.stdout if ok else ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (
            "activation",
            [
                rf"one batch +{NUMBER} ms +1\.0 ×",
                rf"one image at a time, eager +{NUMBER} ms +{NUMBER} ×",
                rf"one image at a time, compiled +{NUMBER} ms +{NUMBER} ×",
            ],
        ),
        (
            "calibration",
            [
                r"1,000 rows of 5 classes",
                *(
                    rf"{measure} +{NUMBER} s +{NUMBER}"
                    for measure in ("expected", "maximum", "adaptive", "smooth", "brier")
                ),
            ],
        ),
        (
            "isbi",
            [
                rf"fold 0, threshold {NUMBER}",
                *(
                    rf"{error} +{NUMBER} +95 % {NUMBER} to {NUMBER} +n = \d+ +the paper's"
                    for error in ("rand_error", "warping_error", "pixel_error")
                ),
            ],
        ),
        (
            "segmentation",
            [
                rf"Otsu, 3 classes.*equal +ours +{NUMBER} ms +scikit-image +{NUMBER} ms",
                rf"EM, .* an iteration +ours +{NUMBER} ms +scikit-learn +{NUMBER} ms \({NUMBER}x",
                rf"border weights.*ours +{NUMBER} ms +a map per cell +{NUMBER} ms \({NUMBER}x",
                r"largest difference \S+",
            ],
        ),
        (
            "startup",
            [rf"bare +median {NUMBER} s", rf"atelier +median {NUMBER} s", r"ratio +[\d.]+"],
        ),
        ("style", [r"ours \{'iteration': [\d.]+, 'evaluation': [\d.]+"]),
        (
            "sweep",
            [rf"adam +({NUMBER} +){{5}}{NUMBER}", rf"8: +{NUMBER} +{NUMBER}"],
        ),
        ("unet", [rf"ours +{NUMBER} images/s +{NUMBER} cores +{NUMBER} parameters"]),
    ],
)
def test_a_benchmark_prints_its_rows(name, rows):
    printed = run_tiny(name)
    for row in rows:
        assert re.search(row, printed), printed


def test_the_bytes_of_a_step_are_counted_or_the_missing_cuda_plugin_is_named():
    printed = run_tiny("sweep_bytes", ok=False)
    counted = re.search(rf"adam +{NUMBER} +\( ?\d+\) +{NUMBER} +\( ?\d+\) +{NUMBER}", printed)
    assert counted or "Expected JAX with its CUDA plugin (make gpu)" in printed, printed


def test_every_benchmark_has_a_test():
    measured = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    (parameters,) = test_a_benchmark_prints_its_rows.pytestmark
    assert {name for name, _ in parameters.args[1]} | {"sweep_bytes"} == measured
