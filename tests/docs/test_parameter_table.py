"""The guide's table of short parameters has each that conf/ asks for, with its pipelines."""

import re

import pytest
from support.project import ROOT

GUIDE = ROOT / "docs" / "guides" / "parameters.md"


def asked() -> list[tuple[str, str]]:
    """The short names in ``conf/base``, each with the pipeline whose folder asks for it."""
    found = {
        (name, path.relative_to(ROOT / "conf" / "base").parts[0])
        for path in (ROOT / "conf" / "base").rglob("*/*.yml")
        for name in re.findall(r"runtime_params:short\.(\w+)", path.read_text("utf-8"))
    }
    return sorted(found)


def rows() -> dict[str, set[str]]:
    """The pipelines that the table names for each short name, all its rows together."""
    told: dict[str, set[str]] = {}
    for line in GUIDE.read_text("utf-8").splitlines():
        cells = line.strip("|").split(" | ")
        for name in re.findall(r"`(\w+)`", cells[0]) if len(cells) == 3 else ():
            told.setdefault(name, set()).update(re.findall(r"\w+", cells[2]))
    return told


@pytest.mark.parametrize(("name", "pipeline"), asked())
def test_a_short_name_has_a_row_with_its_pipeline(name, pipeline):
    assert rows().get(name, set()) & {pipeline, "all"}
