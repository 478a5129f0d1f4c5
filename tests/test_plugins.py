"""Calibrators and optimizers of other packages: one file and one entry point each."""

import os
import subprocess
from pathlib import Path

import pytest
from support.fork_server import run_python
from support.project import ROOT

EXAMPLES = ROOT / "docs" / "guides" / "examples"
PLANTED = """
import numpy as np
rng = np.random.default_rng(0)
labels = rng.integers(0, 3, 600)
logits = 4.0 * (np.eye(3)[labels] + rng.normal(0, 0.8, (600, 3)))
"""


def package(folder: Path, group: str, name: str, value: str, code: str) -> Path:
    """A folder like one that pip makes of a package with an entry point."""
    (folder / f"{value.partition(':')[0]}.py").write_text(code, "utf-8")
    information = folder / "example_plugin-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: example-plugin\nVersion: 1.0\n"
    )
    (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {value}\n")
    return folder


def python(folder: Path, code: str) -> subprocess.CompletedProcess:
    paths = os.pathsep.join([str(folder), str(ROOT / "src")])
    environment = os.environ | {"PYTHONPATH": paths, "JAX_PLATFORMS": "cpu"}
    return run_python("-c", code, cwd=folder, env=environment)


def prior_package(folder: Path, name: str = "prior") -> Path:
    code = (EXAMPLES / "prior.py").read_text("utf-8")
    return package(folder, "atelier.calibrators", name, "prior:PriorCalibrator", code)


def test_a_calibrator_of_another_package_is_fitted_saved_compared_and_accepted_as_a_parameter(
    tmp_path,
):
    code = (
        PLANTED
        + """
from atelier.calibration import CALIBRATORS, fit_calibrators, load_calibrator
from atelier.calibration.params import LogitStudyParams
from atelier.calibration.saving import save_calibrator
from atelier.calibration.selection import selection_table

assert list(CALIBRATORS)[-1] == "prior"
fitted = fit_calibrators(logits[:300], labels[:300])["prior"]
save_calibrator("fitted.json", fitted)
again = load_calibrator("fitted.json")
assert np.array_equal(again.transform(logits), fitted.transform(logits))
assert np.allclose(fitted.transform(logits), np.bincount(labels[:300]) / 300)
params = LogitStudyParams(calibrators=["prior", "vector"], folds=2, seed=0)
table = selection_table(logits, labels, params.names, folds=2, seed=0, resamples=20)
print(*table["method"])
"""
    )
    done = python(prior_package(tmp_path), code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["uncalibrated", "prior", "vector", "temperature"]


def test_an_unknown_calibrator_is_refused_by_the_parameters():
    from pydantic import ValidationError

    from atelier.calibration.params import LogitStudyParams

    with pytest.raises(ValidationError, match="Expected one of histogram_binning, isotonic"):
        LogitStudyParams(calibrators=["temprature"], folds=2, seed=0)


def test_a_name_that_is_taken_is_refused_with_the_entry_point(tmp_path):
    done = python(prior_package(tmp_path, "temperature"), "import atelier.calibration.calibrators")
    assert done.returncode != 0
    assert "temperature of prior:PriorCalibrator, which is taken" in done.stderr


def test_an_entry_point_of_another_kind_is_refused(tmp_path):
    folder = package(tmp_path, "atelier.calibrators", "mine", "mine:number", "number = 1\n")
    done = python(folder, "import atelier.calibration.calibrators")
    assert "Expected a subclass of atelier.calibration.base.Calibrator as mine" in done.stderr


def test_an_optimizer_of_another_package_trains_in_a_plan(tmp_path):
    code = (EXAMPLES / "sign_descent.py").read_text("utf-8")
    folder = package(tmp_path, "atelier.optimizers", "sign", "sign_descent:SIGN_DESCENT", code)
    done = python(
        folder,
        """
import jax.numpy as jnp
import numpy as np
from atelier.sweep import OPTIMIZERS, Plan, Architecture, Population, TrainingData, fit_population
from atelier.sweep.steps import Engine

plan = Plan(["sign"], [0.0], 1e-3, 1e-2, 2, [0], 4, 3, 2, filters=(2, 2), units=4)
assert list(OPTIMIZERS)[-1] == "sign" and len(plan.members()) == 2
weights, gradient = jnp.array([1.0, 2.0]), jnp.array([-3.0, 0.5])
w, slots = OPTIMIZERS["sign"].step(weights, (), gradient, jnp.array(0.1), jnp.array(1))
assert np.allclose(w, [1.1, 1.9]) and slots == ()
rng = np.random.default_rng(0)
images, labels = rng.integers(0, 255, (12, 12, 12, 1)).astype(np.uint8), rng.integers(0, 2, 12)
population = Population("sign", np.array([1e-3, 1e-2]), np.zeros(2), np.zeros(2))
data = TrainingData(images, labels, np.arange(12).reshape(3, 4))
engine = Engine("im2col", 1, vectorized=True)
weights, losses = fit_population(Architecture(2, 12, (2, 2), 4, 1), population, data, engine=engine)
print("trained", losses.shape, bool(np.isfinite(losses).all()))
""",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "trained (2, 3) True\n"
