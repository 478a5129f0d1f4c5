"""What a command does before its first node: no library is imported for nothing."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from atelier.hooks.active_runs import without_ipython
from atelier.pipeline_registry import register_pipelines

ROOT = Path(__file__).parents[1]
HEAVY = ("IPython", "jax", "keras", "matplotlib", "skimage.measure", "sklearn", "tensorflow")
SCRIPT = f"""
import sys
from pathlib import Path
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

bootstrap_project(Path.cwd())
assert "ingest" in pipelines
import atelier.datasets.figure
import atelier.datasets.tracked
print("imported", sorted({set(HEAVY)} & set(sys.modules)))
"""


def test_settings_pipelines_and_the_datasets_of_figures_and_numbers_import_no_heavy_library():
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert "imported []" in result.stdout, result.stdout + result.stderr


def test_pipelines_are_created_once_and_each_caller_has_a_dictionary_of_its_own():
    first = register_pipelines()
    ingest = first.pop("ingest")
    assert register_pipelines()["ingest"] is ingest


def test_ipython_cannot_be_imported_where_nobody_has_imported_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    with without_ipython(), pytest.raises(ImportError):
        import IPython
    import IPython

    assert IPython.__version__ == version("ipython")


def test_ipython_stays_where_it_has_been_imported():
    import IPython

    with without_ipython():
        assert sys.modules["IPython"] is IPython
