"""A small project of its own for each test."""

import logging
import sys

import pytest
from support.small_project import PACKAGE, SmallProject


@pytest.fixture
def project(tmp_path, monkeypatch) -> SmallProject:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # edits may be less than a second apart
    yield SmallProject(folder)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


@pytest.fixture
def lines(caplog):
    """The lines that the runner has said since they were last asked for."""
    caplog.set_level(logging.INFO, "atelier.incremental")

    def said() -> list[str]:
        messages = [
            record.getMessage()
            for record in caplog.records
            if record.name.startswith("atelier.incremental")
        ]
        caplog.clear()
        return [line for line in messages if not line.startswith("Pipeline execution")]  # Kedro's

    return said
