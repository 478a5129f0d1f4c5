"""The commands of the guide "Your own labelled images", on the data that it makes."""

import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest
from support.project import ROOT, Project

GUIDE = ROOT / "docs" / "own_data" / "classification.md"


def commands() -> list[list[str]]:
    blocks = re.findall(r"```console\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return [shlex.split(line[2:]) for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def guided(tmp_path_factory):
    """A project in which the commands of the guide ran, and the record after each ingest."""
    project, records = Project(tmp_path_factory.mktemp("guided")), []
    for program, *arguments in commands():
        if program == "python":
            project.python(*arguments)
            write_table(project.folder)
            continue
        assert [program, arguments[0]] == ["kedro", "run"]
        project.run(*arguments[1:])
        path = project.path("03_primary", "test", "digits", "provenance.json")
        arrays = np.load(path.with_name("train.npz"))
        records.append((json.loads(path.read_text("utf-8")), arrays["images"].shape[1:]))
    return project, records


def write_table(folder) -> None:
    files = sorted((folder / "my_digits").rglob("*.png"))
    table = pd.DataFrame({"file": [str(file.relative_to(folder)) for file in files]})
    table["label"] = [file.parent.name for file in files]
    table.to_csv(folder / "my_table.csv", index=False)


def test_every_command_reads_the_users_images(guided):
    _, records = guided
    assert [(record["name"], shape) for record, shape in records] == [
        ("my_digits", (8, 8, 1)),
        ("my_shapes", (32, 32, 3)),
        ("my_table", (8, 8, 1)),
        ("my_shapes", (28, 28, 1)),
    ]
    assert records[0][0]["content_digest"] == records[2][0]["content_digest"]
    assert all(record["source"] == "data" for record, _ in records)


def test_models_of_another_name_stand_beside_the_others(guided):
    project, _ = guided
    names = {model.name for model in project.client().search_registered_models()}
    assert {"atelier-test-digits", "atelier-test-characters", "shapes-digits"} <= names
    assert "shapes-characters" not in names
