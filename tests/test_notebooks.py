"""The notebooks, executed on what a run left: one in a kernel of its own, the others in forks."""

import sys

import nbformat
import pytest
from jupyter_client.provisioning import local_provisioner
from nbclient import NotebookClient
from support.fork_server import ForkedProcess, fork_server
from support.patience import PATIENCE
from support.project import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
IN_A_NEW_PROCESS = "ingest"
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
"""What a kernel sets where Matplotlib is not imported yet."""


def fork_kernel(command: list[str], *, env, cwd, **_) -> ForkedProcess:
    """Starts a kernel as a fork; its parent is not the process that Jupyter names in ``env``."""
    arguments = command[command.index("-m") :]
    environment = {name: text for name, text in env.items() if name != "JPY_PARENT_PID"}
    return fork_server().start(
        *arguments, cwd=cwd, env=environment | INLINE, new_session=True, output=sys.__stderr__
    )


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
    if path.stem != IN_A_NEW_PROCESS:
        monkeypatch.setattr(local_provisioner, "launch_kernel", fork_kernel)
    notebook = nbformat.read(path, as_version=4)
    folder = str(finished.folder / "notebooks")
    NotebookClient(notebook, timeout=PATIENCE, resources={"metadata": {"path": folder}}).execute()
    shown = [
        output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])
    ]
    assert any("image/png" in one for one in shown)
    assert any("text/html" in one for one in shown)
