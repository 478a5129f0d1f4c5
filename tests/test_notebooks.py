import nbformat
import pytest
from nbclient import NotebookClient
from support.patience import PATIENCE
from support.project import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_stands_in_git_without_outputs_or_functions(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
            assert "def " not in cell.source


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_what_a_run_left(path, finished, monkeypatch):
    for name, value in finished.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KEDRO_ENV", "test")
    notebook = nbformat.read(path, as_version=4)
    folder = str(finished.folder / "notebooks")
    NotebookClient(notebook, timeout=PATIENCE, resources={"metadata": {"path": folder}}).execute()
    shown = [
        output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
    ]
    assert any("image/png" in one for one in shown)
    assert any("text/html" in one for one in shown)
