"""The RO-Crate and the Croissant descriptions, read by the libraries that define them."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from support.project import ROOT

from atelier.report.claims import croissant, export
from atelier.report.claims.ledger import CLAIMS, read_ledgers

pytestmark = pytest.mark.filterwarnings("ignore")  # what the two libraries warn of
DESCRIPTIONS = ("croissant.json", "croissant-mnist.json", "croissant-emnist.json")


@pytest.fixture(scope="module")
def crate(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "crate"
    export.export_ledger(ROOT, folder)
    return folder


def test_rocrate_reads_the_crate_with_every_file(crate):
    from rocrate.rocrate import ROCrate

    read = ROCrate(crate)
    files = {entity.id for entity in read.data_entities}
    rows = export.row_files(ROOT, read_ledgers(ROOT / CLAIMS))
    assert files == {
        "claims.json",
        *DESCRIPTIONS,
        *(path.relative_to(ROOT).as_posix() for path in rows),
    }
    assert all((crate / name).is_file() for name in files)
    assert read.license
    assert read.datePublished
    assert any(work["name"] == "Maxout Networks" for work in read.root_dataset["citation"])


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_mlcroissant_finds_no_fault(crate, name):
    import mlcroissant

    issues = mlcroissant.Dataset(jsonld=crate / name).metadata.ctx.issues
    assert not issues.errors, issues.report()
    assert not issues.warnings, issues.report()


def test_mlcroissant_reads_the_rows_of_a_table(crate):
    import mlcroissant

    data = mlcroissant.Dataset(jsonld=crate / "croissant.json")
    record = next(iter(data.records("docs/results/dsb2018")))
    first = pd.read_parquet(ROOT / "docs/results/dsb2018.parquet").iloc[0]
    assert record["docs/results/dsb2018/cells"] == first["cells"]


def test_hashes_are_those_of_the_files(crate):
    content = json.loads((crate / "croissant.json").read_text("utf-8"))
    for file in content["distribution"]:
        assert (
            file["sha256"] == hashlib.sha256((crate / file["contentUrl"]).read_bytes()).hexdigest()
        )


def test_the_official_archives_of_mnist_are_described(crate):
    content = json.loads((crate / "croissant-mnist.json").read_text("utf-8"))
    hashes = {file["name"]: file["sha256"] for file in content["distribution"]}
    assert hashes["t10k-labels-idx1-ubyte.gz"].startswith("f7ae60f92e00ec6d")
    assert len(hashes) == 4


def test_a_folder_with_files_is_refused(crate):
    with pytest.raises(FileExistsError, match="Expected a new or empty folder"):
        export.export_ledger(ROOT, crate)


@pytest.mark.parametrize(
    ("module", "load"), [("mlcroissant", croissant._library), ("rocrate", export._crate)]
)
def test_a_missing_library_is_named(monkeypatch, module, load):
    import sys

    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, f"{module}.rocrate", None)
    with pytest.raises(ModuleNotFoundError, match=f"pip install {module}"):
        load()
