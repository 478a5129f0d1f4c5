"""The copies of the notebooks that the site shows: fresh, small, with outputs and exercises."""

import nbformat
import pytest
from support.project import ROOT

COPIES = ROOT / "docs" / "notebooks"
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
OF_A_MACHINE = ("/home/", "/root/", "/tmp/", "/work/", "/Users/")


def read(folder, name):
    return nbformat.read(folder / f"{name}.ipynb", as_version=4)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_copy_has_the_cells_of_its_notebook(name):
    """`make notebooks` writes the copies anew."""
    cells = [
        [(cell.id, cell.cell_type, cell.source) for cell in read(folder, name).cells]
        for folder in (ROOT / "notebooks", COPIES)
    ]
    assert cells[0] == cells[1]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_copy_has_tables_and_pictures_but_no_error_and_no_folder_of_a_machine(name):
    notebook = read(COPIES, name)
    outputs = [one for cell in notebook.cells for one in cell.get("outputs", [])]
    data = [one.get("data", {}) for one in outputs]
    assert any("image/png" in one for one in data)
    assert any("text/html" in one for one in data)
    assert not [one for one in outputs if one.output_type == "error"]
    texts = [text for one in data for kind, text in one.items() if kind.startswith("text/")]
    texts += [one.text for one in outputs if one.output_type == "stream"]
    assert not [text for text in texts if any(folder in text for folder in OF_A_MACHINE)]


def test_the_copies_are_small():
    assert sum(path.stat().st_size for path in COPIES.glob("*.ipynb")) < 5e6


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_ends_with_two_exercises_and_their_hidden_answers(name):
    last = read(ROOT / "notebooks", name).cells[-1]
    assert last.cell_type == "markdown"
    assert last.source.startswith("## Exercises")
    assert last.source.count("<details><summary>Answer</summary>") == 2
    assert last.source.count("</details>") == 2
