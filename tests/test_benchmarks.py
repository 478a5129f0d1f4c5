"""Every benchmark runs at a tiny size and prints its rows."""

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.chromium import skip_without_chromium
from support.fork_server import run_python
from support.project import ROOT

NUMBER = r"[\d.,]+"
TINY = {
    "ensemble": [],
    "activation": ["--steps", "1", "--repeats", "1"],
    "style": ["--side", "32", "--tile", "16", "--iterations", "1", "--repeats", "1"],
}
"""Arguments of the benchmarks whose sizes are given one by one."""


def run_tiny(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a benchmark at its tiny size, on the CPU."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "CUDA_VISIBLE_DEVICES": ""}
    environment |= {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    sizes = TINY.get(name, ["--tiny"])
    command = [ROOT / "benchmarks" / f"{name}.py", *arguments, *sizes]
    return run_python(*map(str, command), cwd=Path.cwd(), env=environment)


ROWS = {
    "activation": [
        rf"one batch +{NUMBER} ms +1\.0 ×",
        rf"one image at a time, eager +{NUMBER} ms +{NUMBER} ×",
        rf"one image at a time, compiled +{NUMBER} ms +{NUMBER} ×",
    ],
    "calibration": [
        "1,000 rows of 5 classes",
        rf"expected +{NUMBER} s +{NUMBER}",
        rf"maximum +{NUMBER} s +{NUMBER}",
        rf"adaptive +{NUMBER} s +{NUMBER}",
        rf"smooth +{NUMBER} s +{NUMBER}",
    ],
    "calibrators": [
        "200 rows to fit and to test, 4 classes",
        *(
            rf"{name} +{NUMBER} s +{NUMBER} +{NUMBER}"
            for name in ("uncalibrated", "bbq", "matrix", "venn_abers", "structured_matrix")
        ),
    ],
    "conformal": [
        "1,000 held-out and 1,000 new rows of 5 classes",
        rf"lac +{NUMBER} s +coverage {NUMBER} +size {NUMBER}",
        rf"raps +{NUMBER} s +coverage {NUMBER} +size {NUMBER}",
    ],
    "digits": [
        rf"2 +968 +1 +{NUMBER} s +{NUMBER} +{NUMBER} +{NUMBER} to {NUMBER} +n = 2 seeds",
    ],
    "mlflow_table": [
        rf"10 +{NUMBER} s +1\.00 x +{NUMBER} s",
        rf"24 +{NUMBER} s +{NUMBER} x +{NUMBER} s",
        rf"most runs of these that open for the first time in less than 5 s: {NUMBER}",
        rf"most runs of these that open again in less than 5 s: {NUMBER}",
    ],
    "optimizers": ["8 × 4 weights", rf"adam +{NUMBER} ms", rf"lion +{NUMBER} ms"],
    "predict": [
        rf"{count} pictures +{NUMBER} a second .* share {NUMBER} +memory \+ \d+ MiB"
        for count in (30, 60)
    ],
    "segmentation": [
        rf"Otsu, 3 classes.* equal +ours +{NUMBER} ms +scikit-image {NUMBER} +{NUMBER} ms ",
        rf"EM, .* an iteration +ours +{NUMBER} ms +scikit-learn {NUMBER} +{NUMBER} ms ",
        rf"border weights.* ours +{NUMBER} ms +a map per cell +{NUMBER} ms \({NUMBER}x\)",
        r"largest difference \S+",
    ],
    "startup": [rf"bare +median {NUMBER} s", rf"atelier +median {NUMBER} s", rf"ratio +{NUMBER}"],
    "style": [rf"\w+ \{{'iteration': {NUMBER} 'evaluation': {NUMBER}"],
    "sweep": [rf"adam +({NUMBER} +){{7}}{NUMBER}", rf"\n +8: +{NUMBER} +{NUMBER}"],
    "unet": [rf"ours +{NUMBER} images/s +{NUMBER} cores +{NUMBER} parameters"],
}


WITHOUT_FILE = {"digits", "ensemble", "isbi"}
"""Benchmarks of accuracy, which `make bench` does not run."""


@pytest.mark.parametrize("name", ROWS)
def test_a_benchmark_prints_its_rows_and_writes_them(name, tmp_path):
    if name == "mlflow_table":
        skip_without_chromium()
    file = tmp_path / "rows.json"
    ended = run_tiny(name, *([] if name in WITHOUT_FILE else ["--json", file]))
    assert ended.returncode == 0, ended.stderr
    for row in ROWS[name]:
        assert re.search(row, ended.stdout), ended.stdout
    for row in [] if name in WITHOUT_FILE else json.loads(file.read_text("utf-8")):
        assert row["ours_range"][0] <= row["ours"] <= row["ours_range"][1]
        assert row["repeats"] >= 1
        if "peer" in row:
            assert row["ratio"] == pytest.approx(row["theirs"] / row["ours"], rel=1e-3)


def test_the_benchmark_of_membranes_prints_errors_with_intervals(tmp_path):
    rng = np.random.default_rng(0)
    for kind in ("image", "label"):
        (tmp_path / kind).mkdir()
    for section in range(3):
        cells = np.full((32, 32), 255, np.uint8)
        cells[15:17] = cells[:, 10 + section : 12 + section] = 0
        noisy = np.clip(cells * 0.6 + rng.normal(40, 10, cells.shape), 0, 255).astype(np.uint8)
        for kind, picture in (("image", noisy), ("label", cells)):
            Image.fromarray(picture).save(tmp_path / kind / f"{section}.png")
    ended = run_tiny("isbi", tmp_path, 2)
    assert ended.returncode == 0, ended.stderr
    assert re.search(rf"fold 0, threshold {NUMBER}", ended.stdout)
    for error in ("rand_error", "pixel_error", "warping_error"):
        row = rf"{error} +{NUMBER} +95 % {NUMBER} to {NUMBER} +n = 1 +published {NUMBER}"
        assert re.search(row, ended.stdout), ended.stdout


def test_the_average_of_trainings_that_err_on_different_images_is_right(tmp_path):
    labels = np.array([0, 1, 0, 1])
    paths = [tmp_path / f"seed_{seed}.npz" for seed in range(3)]
    for seed, path in enumerate(paths):
        logits = 3.0 * np.eye(2)[labels]
        logits[seed] = 1 - np.eye(2)[labels[seed]]  # wrong, and unsure of it
        shifted = 1 - np.eye(2)[labels]
        np.savez(path, test_logits=logits, test_shifted_logits=shifted, test_labels=labels)
    ended = run_tiny("ensemble", *paths)
    assert ended.returncode == 0, ended.stderr
    whole, moved = ended.stdout.split("four moved copies")
    assert whole.count("0.7500 (95 % interval 0.3006 to 0.9544, n = 4)") == 3  # 3 of 4, Wilson
    assert re.search(rf"mean of 3: 0\.7500 \(95 % interval {NUMBER} to {NUMBER}, n = 4\)", whole)
    assert "average of 3: 1.0000 (95 % interval 0.5101 to 1.0000, n = 4)" in whole
    assert moved.count(": 0.0000 (95 % interval 0.0000 to") == 5


def test_trainings_on_other_images_are_not_averaged(tmp_path):
    for name, labels in (("a", [0, 1]), ("b", [1, 1])):
        np.savez(tmp_path / f"{name}.npz", test_logits=np.eye(2), test_labels=np.array(labels))
    ended = run_tiny("ensemble", tmp_path / "a.npz", tmp_path / "b.npz")
    assert ended.returncode == 1
    assert "Expected the test labels of" in ended.stderr


def test_every_benchmark_has_a_test():
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    assert files - {"page", "rows", "run"} == {*ROWS, "ensemble", "isbi"}


def test_make_bench_runs_every_benchmark_of_speed():
    code = "import run; print(*run.BENCHMARKS)"
    ended = run_python("-c", code, cwd=ROOT / "benchmarks", env=dict(os.environ))
    assert set(ended.stdout.split()) == set(ROWS) - WITHOUT_FILE
